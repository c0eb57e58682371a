/** Spend by day as stacked bars: one bar per day, one colour per model, the rest of the models together. */
import { niceSteps, sumOf, textOf, unitsOf } from './decimal.js';
import { data, h, money, s } from './dom.js';
import { t } from './words.js';

const SERIES_MAX = 8;
const HEIGHT = 260;
const MARGIN = { top: 12, right: 8, bottom: 26, left: 64 };
const STEPS_MAX = 4;
const LABEL_WIDTH = 64;

/** Rows of one currency become days with amounts by series; the series with the largest sums have a colour each. */
export function stack(rows) {
  const names = new Map();
  for (const { provider, model, cost } of rows) {
    const name = `${provider}/${model}`;
    names.set(name, (names.get(name) ?? 0n) + unitsOf(cost));
  }
  const ranked = [...names].sort(([, a], [, b]) => (a === b ? 0 : a < b ? 1 : -1));
  const shown = ranked.slice(0, SERIES_MAX).map(([name, total], index) => ({ name, total, index }));
  const rest = ranked.slice(SERIES_MAX);
  if (rest.length > 0) {
    const total = rest.reduce((sum, [, amount]) => sum + amount, 0n);
    shown.push({ name: null, models: rest.length, total, index: SERIES_MAX });
  }
  const indexOf = new Map(shown.map(({ name, index }) => [name, index]));
  const days = new Map();
  for (const { day, provider, model, cost } of rows) {
    const entry = days.get(day) ?? { day, total: 0n, parts: new Map() };
    const index = indexOf.get(`${provider}/${model}`) ?? SERIES_MAX;
    entry.parts.set(index, (entry.parts.get(index) ?? 0n) + unitsOf(cost));
    entry.total += unitsOf(cost);
    days.set(day, entry);
  }
  return { series: shown, days: [...days.values()].sort((a, b) => (a.day < b.day ? -1 : 1)) };
}

/** Every day from the first to the last, also those on which nothing was used. */
function withEmptyDays(days, last) {
  const byDay = new Map(days.map((entry) => [entry.day, entry]));
  const all = [];
  for (let at = Date.parse(days[0].day); at <= Date.parse(last); at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    all.push(byDay.get(day) ?? { day, total: 0n, parts: new Map() });
  }
  return all;
}

export function seriesName({ name, models }) {
  return name ?? t('otherModels', models);
}

/** At least one unit, so that an axis has a height even where everything was free. */
function largest(amounts) {
  let maximum = 1n;
  for (const amount of amounts) if (amount > maximum) maximum = amount;
  return maximum;
}

export function spendChart({ rows, currency, to, width, onOpen }) {
  const { series, days } = stack(rows);
  const all = withEmptyDays(days, [to, days.at(-1).day].sort().at(-1));
  const maximum = largest(all.map(({ total }) => total));
  const steps = niceSteps(maximum, STEPS_MAX);
  const top = steps.at(-1);
  const plot = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const heightOf = (units) => Number((units * BigInt(Math.round(plot.height * 100))) / top) / 100;
  const slot = plot.width / all.length;
  const bars = all.map((entry, index) => bar({ entry, index, slot, plot, heightOf, series, currency }));
  const label = t('chartLabel', currency, all[0].day, all.at(-1).day);
  const svg = s(
    'svg',
    {
      class: 'chart',
      width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
      role: 'group',
      'aria-label': label,
    },
    axis(steps, heightOf, plot),
    bars,
    dayLabels(all, slot),
  );
  addKeys(svg, all, onOpen);
  return h('figure', {}, svg, legend(series, currency));
}

function bar({ entry, index, slot, plot, heightOf, series, currency }) {
  const x = MARGIN.left + index * slot;
  const gap = slot > 6 ? slot * 0.15 : 0;
  let y = MARGIN.top + plot.height;
  const parts = series.flatMap(({ index: number }) => {
    const units = entry.parts.get(number) ?? 0n;
    if (units <= 0n) return [];
    const height = heightOf(units);
    y -= height;
    return [s('rect', { class: `part s${number}`, x: x + gap, y, width: slot - 2 * gap, height })];
  });
  const lines = series
    .filter(({ index: number }) => entry.parts.has(number))
    .map((one) => `${seriesName(one)}: ${textOf(entry.parts.get(one.index))}`);
  const total = `${entry.day}: ${textOf(entry.total)} ${currency}`;
  return s(
    'a',
    { href: `#/walk?day=${entry.day}`, class: 'day', tabindex: '-1', 'aria-label': total },
    s('title', {}, [total, ...lines].join('\n')),
    s('rect', { class: 'hit', x, y: MARGIN.top, width: slot, height: plot.height }),
    parts,
  );
}

function axis(steps, heightOf, plot) {
  return steps.map((step) => {
    const y = MARGIN.top + plot.height - heightOf(step);
    return s(
      'g',
      { class: 'axis', 'aria-hidden': 'true' },
      s('line', { x1: MARGIN.left, x2: MARGIN.left + plot.width, y1: y, y2: y }),
      s('text', { x: MARGIN.left - 6, y: y + 4, 'text-anchor': 'end' }, textOf(step)),
    );
  });
}

function dayLabels(days, slot) {
  const every = Math.max(1, Math.ceil(LABEL_WIDTH / slot));
  return days.flatMap(({ day }, index) => {
    if (index % every !== 0) return [];
    const x = MARGIN.left + (index + 0.5) * slot;
    return [
      s(
        'text',
        { class: 'label', x, y: HEIGHT - 8, 'text-anchor': 'middle', 'aria-hidden': 'true' },
        day.slice(5),
      ),
    ];
  });
}

/** The chart is one stop of the Tab key; the arrow keys go from day to day and Enter opens one. */
function addKeys(svg, days, onOpen) {
  const links = [...svg.querySelectorAll('a.day')];
  links.at(-1).setAttribute('tabindex', '0');
  const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -days.length, End: days.length };
  svg.addEventListener('keydown', (event) => {
    const at = links.indexOf(event.target.closest('a.day'));
    if (event.key === 'Enter' && at >= 0) {
      event.preventDefault();
      onOpen(days[at].day);
    }
    const move = moves[event.key];
    if (move === undefined || at < 0) return;
    event.preventDefault();
    const next = links[Math.min(links.length - 1, Math.max(0, at + move))];
    links[at].setAttribute('tabindex', '-1');
    next.setAttribute('tabindex', '0');
    next.focus();
  });
}

function legend(series, currency) {
  const items = series.map((one) =>
    h(
      'li',
      {},
      s(
        'svg',
        { class: 'swatch', width: 12, height: 12, 'aria-hidden': 'true' },
        s('rect', { class: `s${one.index}`, width: 12, height: 12, rx: 2 }),
      ),
      data(seriesName(one)),
      ' ',
      money(textOf(one.total)),
    ),
  );
  const total = textOf(series.reduce((sum, one) => sum + one.total, 0n));
  return h(
    'figcaption',
    {},
    h(
      'ul',
      { class: 'legend' },
      items,
      h('li', { class: 'sum' }, `${t('total')} `, money(total), ` ${currency}`),
    ),
  );
}

/** Sums of rows per currency, in the order of the currencies' names. */
export function sumsByCurrency(rows) {
  return [...Map.groupBy(rows, ({ currency }) => currency)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, group]) => ({ currency, amount: textOf(sumOf(group.map(({ cost }) => cost))) }));
}
