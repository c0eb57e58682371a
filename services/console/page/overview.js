/** The sections of the overview: each knows its question, and how its answer is shown. */
import { seriesName, spendChart } from './chart.js';
import { textOf, unitsOf } from './decimal.js';
import { data, facts, h, linkTo, money, table } from './dom.js';
import { known, ruleOf, t } from './words.js';

const PER_CURRENCY = 5;

/** What the reader chose on this page; it is asked for with the next answer. */
const chosen = { currency: null, range: {}, status: '' };

export const SECTIONS = [
  { id: 'proof', title: 'proof', path: '/api/proof', parameters: () => ({}), show: showProof },
  { id: 'spend', title: 'spend', path: '/api/spend', parameters: () => chosen.range, show: showSpend },
  {
    id: 'quality',
    title: 'quality',
    path: '/api/quality',
    parameters: () => chosen.range,
    show: showQuality,
  },
  {
    id: 'balances',
    title: 'balances',
    path: '/api/balances',
    parameters: () => ({ limit: PER_CURRENCY }),
    show: showBalances,
  },
  {
    id: 'invoices',
    title: 'invoices',
    path: '/api/invoices',
    parameters: invoiceParameters,
    show: showInvoices,
  },
  { id: 'ledger', title: 'ledger', path: '/api/ledger-accounts', parameters: () => ({}), show: showLedger },
  { id: 'rejected', title: 'rejected', path: '/api/rejected', parameters: () => ({}), show: showRejected },
];

function invoiceParameters() {
  return { limit: PER_CURRENCY, ...(chosen.status === '' ? {} : { status: chosen.status }) };
}

function nothing() {
  return h('p', { class: 'nothing' }, t('nothing'));
}

export function lead(key) {
  return h('p', { class: 'lead' }, t(key));
}

function showProof({ checks, failed, totals, run, writtenAt }) {
  const verdict = failed === 0 ? t('allHold', checks.length) : t('someFail', failed, checks.length);
  const sorted = [...checks].sort((a, b) => Number(a.holds) - Number(b.holds));
  const about = [[t('provedAt'), data(writtenAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'))]];
  if (run !== undefined) {
    const { service, before, after } = run.killed;
    about.push([t('usesSent'), String(run.sent)]);
    about.push([t('ranFor'), `${(run.feedSeconds + run.drainSeconds).toFixed(1)} s`]);
    about.push([t('killed'), t('killedBack', service, before, after)]);
  }
  return [
    h('p', { class: `verdict ${failed === 0 ? 'good' : 'bad'}` }, verdict),
    facts(about),
    h('ul', { class: 'checks' }, sorted.map(check)),
    h('h3', {}, t('proofTotals')),
    facts(Object.entries(totals).map(([name, value]) => [known('totals', name), data(String(value))])),
  ];
}

function check({ name, holds, detail }) {
  return h(
    'li',
    { class: holds ? 'good' : 'bad' },
    h('span', { class: 'badge' }, holds ? t('ok') : t('failed')),
    h('span', { class: 'name' }, known('checks', name)),
    h('span', { class: 'detail' }, data(detail)),
  );
}

function currencyName(currency) {
  return currency === 'XXX' ? t('noPrice') : currency;
}

function showSpend(answer, page) {
  const rows = answer.rows;
  if (rows.length === 0) return [lead('spendLead'), rangeForm(answer, page), nothing()];
  const byCurrency = Map.groupBy(rows, ({ currency }) => currency);
  const byUses = [...byCurrency.keys()].sort((a, b) => usesOf(byCurrency.get(b)) - usesOf(byCurrency.get(a)));
  const currency = byCurrency.has(chosen.currency) ? chosen.currency : byUses[0];
  const chart = spendChart({
    rows: byCurrency.get(currency),
    currency: currencyName(currency),
    to: answer.to,
    width: page.width,
    onOpen: (day) => {
      location.hash = `#/walk?day=${day}`;
    },
  });
  const controls = h(
    'div',
    { class: 'controls' },
    currencyChoice(byUses, currency, page),
    rangeForm(answer, page),
  );
  return [lead('spendLead'), controls, chart, cutNote(answer), h('p', {}, linkTo('/walk', {}, t('asTable')))];
}

function usesOf(rows) {
  return rows.reduce((sum, { uses }) => sum + uses, 0);
}

function currencyChoice(currencies, current, page) {
  const change = (event) => {
    chosen.currency = event.target.value;
    page.redraw('spend');
  };
  const options = currencies.map((code) =>
    h('option', { value: code, selected: code === current }, currencyName(code)),
  );
  return h(
    'label',
    {},
    `${t('currency')} `,
    h('select', { 'data-key': 'currency', onchange: change }, options),
  );
}

function rangeForm({ from, to }, page) {
  const input = (name, value) =>
    h(
      'label',
      {},
      `${t(name)} `,
      h('input', {
        type: 'date',
        value: value ?? '',
        'data-key': `range-${name}`,
        onchange: (event) => change(name, event.target),
      }),
    );
  const change = (name, element) => {
    if (element.value === '') delete chosen.range[name];
    else chosen.range = { ...chosen.range, [name]: element.value };
    page.reload(['spend', 'quality']);
  };
  return h('div', { class: 'range' }, input('from', from), input('to', to));
}

export function cutNote({ isCut }) {
  return isCut ? h('p', { class: 'note' }, t('cut')) : null;
}

function percent(rate) {
  return rate === null ? '–' : `${(rate * 100).toFixed(2)} %`;
}

function showQuality(answer) {
  if (answer.rows.length === 0) return [lead('qualityLead'), nothing()];
  const milliseconds = (name, title) => ({ title, class: 'number', cell: (row) => String(row[name] ?? '–') });
  const columns = [
    {
      title: t('model'),
      isHead: true,
      cell: ({ provider, model }) => data(seriesName({ name: `${provider}/${model}` })),
    },
    { title: t('uses'), class: 'number', cell: ({ uses }) => String(uses) },
    milliseconds('p50Ms', 'p50'),
    milliseconds('p95Ms', 'p95'),
    milliseconds('p99Ms', 'p99'),
    { title: t('errorRate'), class: 'number', cell: ({ errorRate }) => percent(errorRate) },
    { title: t('cacheHits'), class: 'number', cell: ({ cacheHitRate }) => percent(cacheHitRate) },
  ];
  return [lead('qualityLead'), table(t('quality'), columns, answer.rows), cutNote(answer)];
}

function showBalances({ rows, totals }) {
  if (rows.length === 0) return [lead('balancesLead'), nothing()];
  const column = (name) => ({ title: t(name), amount: (row) => row[name] });
  const columns = [
    {
      title: t('account'),
      isHead: true,
      cell: (row) => (row.isTotal ? t('allAccounts') : data(row.accountId)),
    },
    ...['overdraft', 'available', 'reserved', 'held'].map(column),
    {
      title: t('entries'),
      class: 'number',
      cell: ({ entries }) => (entries === undefined ? '' : String(entries)),
    },
  ];
  return [
    lead('balancesLead'),
    ...totals.map((total) =>
      table(
        t('largest', total.currency, total.accounts, total.overdrawn),
        columns,
        [...rows.filter(({ currency }) => currency === total.currency), { ...total, isTotal: true }],
        { rowClass: ({ isTotal }) => (isTotal ? 'sum' : ''), showsCaption: true },
      ),
    ),
  ];
}

function stateName(status) {
  return status === 'issued' || status === 'draft' ? t(status) : data(status);
}

function showInvoices({ rows, totals }, page) {
  const counts = table(
    t('invoices'),
    [
      { title: t('currency'), isHead: true, cell: ({ currency }) => data(currency) },
      { title: t('status'), cell: ({ status }) => stateName(status) },
      { title: t('invoiceCount'), class: 'number', cell: ({ invoices }) => String(invoices) },
      { title: t('total'), amount: ({ total }) => total },
    ],
    totals,
  );
  if (totals.length === 0) return [lead('invoicesLead'), nothing()];
  const states = ['', ...new Set(totals.map(({ status }) => status))];
  const change = (event) => {
    chosen.status = event.target.value;
    page.reload(['invoices']);
  };
  const options = states.map((status) =>
    h(
      'option',
      { value: status, selected: status === chosen.status },
      status === '' ? t('any') : stateName(status),
    ),
  );
  const choice = h(
    'label',
    {},
    `${t('show')} `,
    h('select', { 'data-key': 'status', onchange: change }, options),
  );
  return [
    counts,
    lead('invoicesLead'),
    h('div', { class: 'controls' }, choice),
    h('ul', { class: 'invoices' }, rows.map(invoice)),
  ];
}

function invoice(row) {
  const lines = row.lines.map(([lineClass, description, quantity, charges, exact, amount, rounding]) => ({
    lineClass,
    description,
    quantity,
    charges,
    exact,
    amount,
    rounding,
  }));
  const sum = {
    isTotal: true,
    charges: lines.reduce((all, { charges }) => all + charges, 0),
    exact: row.exactTotal,
    amount: row.total,
    rounding: row.roundingTotal,
  };
  const columns = [
    {
      title: t('description'),
      isHead: true,
      cell: (line) => (line.isTotal ? t('total') : data(line.description)),
    },
    { title: t('quantity'), class: 'number', cell: ({ quantity }) => String(quantity ?? '') },
    { title: t('charges'), class: 'number', cell: ({ charges }) => String(charges) },
    { title: t('exact'), amount: ({ exact }) => exact },
    { title: t('rounding'), amount: ({ rounding }) => rounding },
    { title: t('amount'), amount: ({ amount }) => amount },
  ];
  return h(
    'li',
    {},
    h(
      'details',
      { 'data-key': `invoice ${row.invoiceId}` },
      h(
        'summary',
        { 'data-key': `summary ${row.invoiceId}` },
        h('span', { class: 'invoice-name' }, data(row.invoiceNumber)),
        h('span', { class: `state ${row.status === 'issued' ? 'good' : ''}` }, stateName(row.status)),
        h('span', {}, data(row.billingPeriod)),
        h('span', { class: 'number' }, money(row.total), ` ${row.currency}`),
      ),
      table(t('lines'), columns, [...lines, sum], { rowClass: ({ isTotal }) => (isTotal ? 'sum' : '') }),
    ),
  );
}

function showLedger({ rows }) {
  if (rows.length === 0) return [lead('ledgerLead'), nothing()];
  const columns = [
    {
      title: t('ledgerAccount'),
      isHead: true,
      cell: (row) => (row.isTotal ? t('total') : data(row.ledgerAccount)),
    },
    { title: t('debit'), amount: ({ debits }) => debits },
    { title: t('credit'), amount: ({ credits }) => credits },
    { title: t('balance'), amount: ({ balance }) => balance },
    { title: t('postings'), class: 'number', cell: ({ postings }) => String(postings) },
  ];
  const tables = [...Map.groupBy(rows, ({ currency }) => currency)].map(([currency, group]) => {
    const total = trialTotal(group);
    const verdict = unitsOf(total.balance) === 0n ? t('balanced') : `${t('unbalanced')} ${total.balance}`;
    return table(`${currency}: ${verdict}`, columns, [...group, total], {
      showsCaption: true,
      rowClass: ({ isTotal }) => (isTotal ? `sum ${unitsOf(total.balance) === 0n ? '' : 'bad'}` : ''),
    });
  });
  return [lead('ledgerLead'), ...tables];
}

function trialTotal(group) {
  const sum = (name) => textOf(group.reduce((all, row) => all + unitsOf(row[name]), 0n));
  const postings = group.reduce((all, row) => all + row.postings, 0);
  return { isTotal: true, debits: sum('debits'), credits: sum('credits'), balance: sum('balance'), postings };
}

function showRejected({ rows }) {
  if (rows.length === 0) return [lead('rejectedLead'), nothing()];
  const columns = [
    { title: t('service'), cell: ({ service }) => data(service) },
    {
      title: t('code'),
      isHead: true,
      cell: ({ service, code }) => linkTo('/rejected', { service, code }, data(code)),
    },
    { title: t('kind'), cell: ({ kind }) => kindName(kind) },
    { title: t('count'), class: 'number', cell: ({ count }) => String(count) },
    { title: t('meaning'), class: 'prose', cell: (row) => ruleOf(row).meaning },
    {
      title: t('wayOut'),
      class: 'prose',
      cell: (row) =>
        h(
          'span',
          {},
          ruleOf(row).wayOut,
          row.isTransient ? h('span', { class: 'passing' }, ` (${t('passing')})`) : null,
        ),
    },
  ];
  return [lead('rejectedLead'), table(t('rejected'), columns, rows, { stacks: true })];
}

export function kindName(kind) {
  return kind === 'refusal' || kind === 'dead_letter' ? t(kind) : data(kind);
}
