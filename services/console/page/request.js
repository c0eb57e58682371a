/** One request from the use to the invoice: each amount to its last digit, and the place in the log of each record. */
import { sumOf, textOf, unitsOf } from './decimal.js';
import { data, facts, h, money, place, table } from './dom.js';
import { kindName } from './overview.js';
import { ruleOf, t } from './words.js';

export function explanation({ uses, charges, postings, invoices, rejections }) {
  return [
    ...uses.map(use),
    ...charges.map(charge),
    postings.length === 0 ? null : section('thePostings', journal(postings)),
    invoices.length === 0 ? null : section('theInvoices', invoiceTable(invoices)),
    rejections.length === 0 ? null : section('theRejections', rejectionTable(rejections)),
  ];
}

function section(key, ...content) {
  return h('section', { class: 'card' }, h('h2', {}, t(key)), ...content);
}

function amountOf(text, currency) {
  return [money(text), ' ', data(currency)];
}

function use(row) {
  const about = [
    [t('cost'), amountOf(row.cost, row.currency)],
    [t('cause'), place(row.cause)],
    [t('written'), place(row.place)],
    [t('account'), data(row.accountId)],
    [t('model'), data(`${row.provider}/${row.model}`)],
    [t('time'), data(row.occurredAt)],
    [t('status'), data(row.status)],
    [t('latency'), String(row.latencyMs)],
    [t('costStatus'), data(row.costStatus)],
    ...(row.suspenseReason === '' ? [] : [[t('suspense'), data(row.suspenseReason)]]),
    [t('priceBook'), versionOf(row.priceBookId, row.priceBookVersion)],
    [t('allocation'), data(row.allocationMethod)],
    [t('project'), data(row.projectId)],
    [t('costCentre'), data(row.costCentre)],
    [t('useCase'), data(row.useCase)],
    [t('apiKey'), data(row.apiKeyId)],
    [t('trace'), data(row.traceId)],
  ];
  return section(
    row.amends === '' ? 'theUse' : 'completion',
    facts(about),
    ...components(row.components, row.cost),
  );
}

function charge(row) {
  const about = [
    [t('amount'), amountOf(row.amount, row.currency)],
    [t('cause'), place(row.cause)],
    [t('written'), place(row.place)],
    [t('record'), data(row.chargeId)],
    [t('kind'), data(row.kind)],
    [t('status'), data(row.status)],
    [t('lineClass'), data(row.lineClass)],
    [t('contract'), versionOf(row.contractId, row.contractVersion)],
    [t('priceBook'), versionOf(row.priceBookId, row.priceBookVersion)],
  ];
  return section('theCharge', facts(about), ...components(row.components, row.amount));
}

function versionOf(name, version) {
  return name === '' ? t('none') : data(t('version', name, version));
}

/** The components, and whether they add up: computed here from what is shown, to the last digit. */
function components(rows, total) {
  if (rows.length === 0) return [];
  const adds = sumOf(rows.map(([, , , amount]) => amount)) === unitsOf(total);
  const columns = [
    { title: t('component'), isHead: true, cell: ([name]) => (name === null ? t('total') : data(name)) },
    { title: t('quantity'), class: 'number', cell: ([, quantity]) => String(quantity) },
    { title: t('unitPrice'), amount: ([, , price]) => price },
    { title: t('amount'), amount: ([, , , amount]) => amount },
  ];
  const note = adds ? t('componentSum') : t('componentMismatch');
  return [
    table(t('component'), columns, rows),
    h('p', { class: `adds ${adds ? 'good' : 'bad'}` }, `${note}: `, money(total)),
  ];
}

function journal(postings) {
  const sum = { isTotal: true, debit: textSum(postings, 'debit'), credit: textSum(postings, 'credit') };
  const isBalanced = sum.debit === sum.credit;
  const columns = [
    {
      title: t('ledgerAccount'),
      isHead: true,
      cell: (row) => (row.isTotal ? t('total') : data(row.ledgerAccount)),
    },
    { title: t('debit'), amount: ({ debit }) => debit },
    { title: t('credit'), amount: ({ credit }) => credit },
    {
      title: t('currency'),
      cell: (row) => (row.isTotal ? (isBalanced ? t('balanced') : t('unbalanced')) : data(row.currency)),
    },
    { title: t('entry'), cell: (row) => (row.isTotal ? '' : data(row.entryId)) },
    { title: t('bookedAt'), cell: (row) => (row.isTotal ? '' : data(row.bookedAt)) },
    { title: t('written'), cell: (row) => (row.isTotal ? '' : place(row.place)) },
    { title: t('cause'), cell: (row) => (row.isTotal ? '' : place(row.cause)) },
  ];
  return table(t('postings'), columns, [...postings, sum], {
    stacks: true,
    rowClass: ({ isTotal }) => (isTotal ? `sum ${isBalanced ? '' : 'bad'}` : ''),
  });
}

function textSum(rows, name) {
  return textOf(sumOf(rows.map((row) => row[name])));
}

function invoiceTable(invoices) {
  const columns = [
    { title: t('invoice'), isHead: true, cell: ({ invoiceNumber }) => data(invoiceNumber) },
    { title: t('period'), cell: ({ billingPeriod }) => data(billingPeriod) },
    { title: t('status'), cell: ({ status }) => data(status) },
    { title: t('total'), amount: ({ total }) => total },
    { title: t('currency'), cell: ({ currency }) => data(currency) },
    { title: t('written'), cell: (row) => place(row.place) },
  ];
  return table(t('invoices'), columns, invoices);
}

function rejectionTable(rejections) {
  const columns = [
    { title: t('service'), cell: ({ service }) => data(service) },
    { title: t('code'), isHead: true, cell: ({ code }) => data(code) },
    { title: t('kind'), cell: ({ kind }) => kindName(kind) },
    { title: t('field'), cell: ({ field }) => data(field) },
    { title: t('message'), class: 'prose', cell: ({ message }) => data(message) },
    { title: t('wayOut'), class: 'prose', cell: (row) => ruleOf(row).wayOut },
    { title: t('origin'), cell: ({ origin }) => place(origin) },
  ];
  return table(t('rejected'), columns, rejections, { stacks: true });
}
