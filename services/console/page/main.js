/**
 * The page: address in, questions to the console's server, answers on the screen.
 *
 * Invariants:
 *  1. What was read stays visible while a question fails; a banner says what is wrong, what to do, and that it is tried
 *     again. It goes away by itself.
 *  2. An answer that did not change redraws nothing, so that focus, selection and opened details stay.
 *  3. An answer that comes after the reader has gone elsewhere is dropped.
 */
import { ask, Trouble } from './api.js';
import { data, h, linkTo, replaceContent } from './dom.js';
import { SECTIONS } from './overview.js';
import { crumbs, rejectedView, walkView } from './walk.js';
import { chooseLanguage, currentLanguage, t, wayOutOf } from './words.js';

const REFRESH_MS = 10_000;
const RETRY_MS = 2_000;

const top = document.getElementById('top');
const main = document.getElementById('main');
const banner = document.getElementById('trouble');

/** One question with its place on the screen: `text` is the last answer, `trouble` why there is no newer one. */
const state = { route: null, items: [], visit: 0, timer: 0, readAt: null };

function routeOf(hash) {
  if (!hash.startsWith('#/')) return { name: 'overview', anchor: hash.slice(1), parameters: {} };
  const [name, query = ''] = hash.slice(2).split('?');
  return { name, anchor: '', parameters: Object.fromEntries(new URLSearchParams(query)) };
}

function viewOf({ name, parameters }) {
  if (name === 'walk') return walkView(parameters);
  if (name === 'rejected') return rejectedView(parameters);
  return null;
}

/** A place in the page was chosen, by a link or by the browser's buttons. */
function go({ keepsScroll = false } = {}) {
  const before = state.route;
  state.route = routeOf(location.hash);
  state.visit += 1;
  const { name, anchor } = state.route;
  if (name === 'overview' && before?.name === 'overview') {
    scrollToAnchor(anchor);
    return;
  }
  if (name === 'overview') showOverview();
  else showView(viewOf(state.route));
  drawHeader();
  drawBanner();
  if (before !== null && !keepsScroll) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  refresh().then(() => scrollToAnchor(anchor), reportDefect);
}

/** What goes wrong with a question is trouble and is shown; what arrives here is a mistake in the page. */
function reportDefect(error) {
  console.error(error);
}

function scrollToAnchor(anchor) {
  if (anchor !== '') document.getElementById(anchor)?.scrollIntoView();
}

function showOverview() {
  document.title = t('title');
  state.items = SECTIONS.map((section) => {
    const body = h('div', { class: 'body' }, h('p', { class: 'loading' }, t('loading')));
    const element = h('section', { id: section.id, class: 'card' }, h('h2', {}, t(section.title)), body);
    return {
      key: section.id,
      path: section.path,
      question: section.parameters,
      show: section.show,
      body,
      element,
      text: null,
      trouble: null,
    };
  });
  main.replaceChildren(
    h('h1', { class: 'away' }, t('overview')),
    ...state.items.map(({ element }) => element),
  );
}

function showView(view) {
  if (view === null) {
    state.items = [];
    document.title = `${t('pageUnknown')} – ${t('title')}`;
    main.replaceChildren(h('h1', {}, t('pageUnknown')), h('p', {}, h('a', { href: '#top' }, t('overview'))));
    return;
  }
  document.title = `${view.title} – ${t('title')}`;
  const body = h('div', { class: 'body' }, h('p', { class: 'loading' }, t('loading')));
  state.items = [
    {
      key: 'view',
      path: view.path,
      question: () => view.question,
      show: view.show,
      body,
      text: null,
      trouble: null,
    },
  ];
  const path = state.route.name === 'walk' ? crumbs(state.route.parameters) : null;
  main.replaceChildren(...[path, h('h1', {}, data(view.title)), body].filter((element) => element !== null));
}

const page = {
  get width() {
    const frame = state.items.find(({ key }) => key === 'spend')?.body;
    return Math.max(280, Math.floor(frame?.clientWidth ?? 900));
  },
  redraw: (key) => draw(state.items.find((item) => item.key === key)),
  reload: (keys) => refresh(state.items.filter(({ key }) => keys.includes(key))).catch(reportDefect),
};

async function refresh(items = state.items) {
  clearTimeout(state.timer);
  const visit = state.visit;
  await Promise.all(items.map((item) => read(item, visit)));
  if (visit !== state.visit) return;
  if (items.some(({ trouble }) => trouble === null)) state.readAt = new Date();
  drawBanner();
  const hasTrouble = state.items.some(({ trouble }) => trouble?.passes === true && !isAboutProof(trouble));
  state.timer = setTimeout(tick, hasTrouble ? RETRY_MS : REFRESH_MS);
}

function tick() {
  if (document.visibilityState === 'visible') refresh().catch(reportDefect);
  else state.timer = setTimeout(tick, RETRY_MS);
}

async function read(item, visit) {
  const before = item.trouble;
  try {
    const text = await ask(item.path, item.question());
    if (visit !== state.visit) return;
    item.trouble = null;
    if (text === item.text && before === null) return;
    item.text = text;
  } catch (error) {
    if (visit !== state.visit) return;
    item.trouble =
      error instanceof Trouble ? error : new Trouble({ code: 'internal', message: String(error) });
  }
  draw(item);
}

/** What was read before stays on the screen while there is trouble with the way to it. */
function draw(item) {
  if (item === undefined) return;
  const { body, text, trouble, show } = item;
  body.classList.toggle('stale', trouble !== null && text !== null);
  if (trouble !== null && (text === null || !isShared(trouble))) replaceContent(body, troubleNote(trouble));
  else if (text !== null) replaceContent(body, show(JSON.parse(text), page));
}

function troubleNote(trouble) {
  const details = trouble.details.map(({ parameter, message }) =>
    h('li', {}, data(`${parameter}: ${message}`)),
  );
  return h(
    'div',
    { class: 'trouble' },
    h('p', {}, h('strong', {}, t('troubleTitle', trouble.code)), ' ', h('code', {}, trouble.code)),
    h('p', {}, wayOutOf(trouble)),
    details.length === 0 ? null : h('ul', {}, details),
  );
}

function isAboutProof({ code }) {
  return code.startsWith('proof_');
}

/** Trouble that is not about one question but about what all of them need. */
function isShared({ code }) {
  return code.startsWith('analytics_') || code === 'console_unreachable' || code === 'internal';
}

function drawBanner() {
  const trouble = state.items.map((item) => item.trouble).find((one) => one !== null && isShared(one));
  const time = state.readAt === null ? '' : t('updated', state.readAt.toTimeString().slice(0, 8));
  const clock = document.getElementById('read-at');
  if (clock !== null) clock.textContent = time;
  const shown = trouble === undefined ? '' : `${trouble.code} ${currentLanguage()}`;
  if (banner.dataset.shown === shown) return;
  banner.className = trouble === undefined ? '' : 'trouble';
  banner.dataset.shown = shown;
  if (trouble === undefined) banner.replaceChildren();
  else
    banner.replaceChildren(
      h(
        'p',
        {},
        h('strong', {}, t('troubleTitle', trouble.code)),
        ' – ',
        t('retrying'),
        '. ',
        h('code', {}, trouble.code),
      ),
      h('p', {}, wayOutOf(trouble), ' ', state.readAt === null ? '' : t('shownBefore')),
      h('button', { type: 'button', onclick: () => refresh().catch(reportDefect) }, t('tryAgain')),
    );
}

function drawHeader() {
  const links = SECTIONS.map(({ id, title }) => h('li', {}, h('a', { href: `#${id}` }, t(title))));
  links.push(h('li', {}, linkTo('/walk', {}, t('walk'))));
  const field = h('input', {
    type: 'search',
    name: 'request',
    required: true,
    placeholder: t('findHint'),
    'aria-label': t('find'),
    autocomplete: 'off',
    maxlength: '1024',
  });
  const find = (event) => {
    event.preventDefault();
    location.hash = `#/walk?${new URLSearchParams({ request: field.value.trim() })}`;
  };
  const other = currentLanguage() === 'zh' ? 'en' : 'zh';
  document.getElementById('skip').textContent = t('skip');
  top.replaceChildren(
    h('p', { class: 'brand' }, h('a', { href: '#top' }, t('title'))),
    h('nav', { 'aria-label': t('overview') }, h('ul', {}, links)),
    h(
      'form',
      { class: 'find', role: 'search', onsubmit: find },
      field,
      h('button', { type: 'submit' }, t('go')),
    ),
    h('span', { id: 'read-at', class: 'read-at' }),
    h(
      'button',
      {
        type: 'button',
        class: 'language',
        'data-key': 'language',
        lang: other === 'zh' ? 'zh-CN' : 'en',
        title: t('languageHint'),
        onclick: () => switchLanguage(other),
      },
      t('language'),
    ),
  );
}

function switchLanguage(language) {
  try {
    localStorage.setItem('language', language);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
  setLanguage(language);
  const texts = new Map(state.items.map(({ key, text, trouble }) => [key, { text, trouble }]));
  if (state.route.name === 'overview') showOverview();
  else showView(viewOf(state.route));
  for (const item of state.items) {
    Object.assign(item, texts.get(item.key));
    draw(item);
  }
  drawHeader();
  drawBanner();
  top.querySelector('.language').focus();
}

function setLanguage(language) {
  chooseLanguage(language);
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}

function firstLanguage() {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked === 'zh' || asked === 'en') return asked;
  try {
    const kept = localStorage.getItem('language');
    if (kept !== null) return kept;
  } catch {
    // As above.
  }
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}

let widthBefore = window.innerWidth;
window.addEventListener('resize', () => {
  if (window.innerWidth === widthBefore) return;
  widthBefore = window.innerWidth;
  page.redraw('spend');
});
window.addEventListener('hashchange', () => go());
document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
setLanguage(firstLanguage());
go({ keepsScroll: true });
