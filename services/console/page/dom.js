/**
 * Building blocks of the page.
 *
 * Invariant: whatever comes from outside becomes a text node or an attribute's value, never markup. `bdi` keeps names
 * written from right to left, or full of control characters, from disturbing what stands beside them.
 */
import { t } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat(4).filter((child) => child !== null && child !== undefined));
  return element;
}

export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function s(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** Text from the ledger: an id, a name, a code. */
export function data(text, className = '') {
  return h('bdi', { class: `data ${className}` }, text === '' ? '–' : text);
}

/** A link into the page; the parameters are escaped here. */
export function linkTo(path, parameters, ...children) {
  const query = new URLSearchParams(parameters);
  return h('a', { href: `#${path}${query.size === 0 ? '' : `?${query}`}` }, ...children);
}

/**
 * An amount to its last digit. With the number of decimals of its column, the decimal points stand below each other;
 * the filler is drawn and is not text, so copying gives the amount alone.
 */
export function money(text, decimals = 0) {
  const own = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0;
  const missing = decimals - own;
  const filler = missing <= 0 ? '' : `${own === 0 ? '.' : ''}${'0'.repeat(missing)}`;
  const classes = `money${text.startsWith('-') ? ' negative' : ''}`;
  return h('span', { class: classes, 'data-filler': filler === '' ? null : filler }, text);
}

/** The place of a record in the log. */
export function place([topic, partition, offset]) {
  return h('span', { class: 'place', title: t('placeHint') }, data(`${topic}/${partition}/${offset}`));
}

function decimalsOf(texts) {
  return Math.max(0, ...texts.map((text) => (text.includes('.') ? text.length - text.indexOf('.') - 1 : 0)));
}

/**
 * A table in a frame that scrolls by itself where the screen is narrow. A column has a title, a cell for a row, and the
 * class of its cells; a money column has `amount` instead of a cell. The caption is for those who cannot see the heading
 * above the table, unless it says more than that. Rows of a table that stacks become blocks on a phone.
 */
export function table(
  caption,
  columns,
  rows,
  { rowClass = () => '', showsCaption = false, stacks = false } = {},
) {
  const decimals = columns.map(({ amount }) => (amount === undefined ? 0 : decimalsOf(rows.map(amount))));
  const cell = (column, row, index) =>
    column.amount === undefined ? column.cell(row) : money(column.amount(row), decimals[index]);
  const classOf = (column) => (column.amount === undefined ? column.class : 'number');
  return h(
    'div',
    { class: 'frame', role: 'region', tabindex: '0', 'aria-label': caption },
    h(
      'table',
      { class: stacks ? 'stacks' : null },
      h('caption', { class: showsCaption ? null : 'away' }, caption),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          columns.map((column) => h('th', { scope: 'col', class: classOf(column) }, column.title)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map((row) =>
          h(
            'tr',
            { class: rowClass(row) },
            columns.map((column, index) =>
              h(
                column.isHead ? 'th' : 'td',
                {
                  class: classOf(column),
                  scope: column.isHead ? 'row' : null,
                  'data-label': stacks ? column.title : null,
                },
                cell(column, row, index),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

export function facts(pairs) {
  return h(
    'dl',
    { class: 'facts' },
    pairs.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

/** Puts new content in place and leaves the reader where he was: focus and opened details stay. */
export function replaceContent(element, ...children) {
  const active = element.contains(document.activeElement) ? document.activeElement : null;
  const key = active?.getAttribute('data-key') ?? active?.getAttribute('href');
  const opened = new Set(
    [...element.querySelectorAll('details[open][data-key]')].map((node) => node.dataset.key),
  );
  element.replaceChildren(...children.flat(4).filter((child) => child !== null));
  for (const node of element.querySelectorAll('details[data-key]')) node.open = opened.has(node.dataset.key);
  if (key === null || key === undefined) return;
  const again = [...element.querySelectorAll('a, button, summary, input, select')].find(
    (node) => node.getAttribute('data-key') === key || node.getAttribute('href') === key,
  );
  again?.focus({ preventScroll: true });
}
