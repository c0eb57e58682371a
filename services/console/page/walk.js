/** From a day to one request, and from a code to the records behind it: each view is an address of its own. */
import { sumsByCurrency } from './chart.js';
import { sumOf, textOf } from './decimal.js';
import { data, facts, h, linkTo, place, table } from './dom.js';
import { cutNote, kindName, lead } from './overview.js';
import { explanation } from './request.js';
import { ruleOf, t } from './words.js';

const REQUESTS_SHOWN = 100;
const REQUESTS_SHOWN_MAX = 1_000;
const ORDERS = ['dearest', 'slowest', 'newest'];

/** The view for the parameters of an address: its title, its question, and how the answer is shown. */
export function walkView(parameters) {
  const { day, account, provider, model, request } = parameters;
  if (request !== undefined) return requestView(parameters);
  if (day === undefined) return { title: t('walk'), path: '/api/spend', question: {}, show: showDays };
  if (account === undefined)
    return {
      title: day,
      path: '/api/accounts',
      question: { day },
      show: (answer) => showAccounts(answer, day),
    };
  if (provider === undefined || model === undefined)
    return {
      title: `${account} · ${day}`,
      path: '/api/models',
      question: { day, account },
      show: (answer) => showModels(answer, { day, account }),
    };
  return requestsView(parameters);
}

export function crumbs({ day, account, provider, model, request }) {
  const steps = [[t('walk'), {}]];
  if (day !== undefined) steps.push([day, { day }]);
  if (account !== undefined && day !== undefined) steps.push([account, { day, account }]);
  if (provider !== undefined && model !== undefined)
    steps.push([`${provider}/${model}`, { day, account, provider, model }]);
  if (request !== undefined) steps.push([request, null]);
  const items = steps.map(([name, parameters], index) => {
    const isLast = index === steps.length - 1;
    const shown = data(name);
    return h(
      'li',
      {},
      isLast ? h('span', { 'aria-current': 'page' }, shown) : linkTo('/walk', parameters, shown),
    );
  });
  return h('nav', { class: 'crumbs', 'aria-label': t('walk') }, h('ol', {}, items));
}

/** Columns that every level of spend has, and the sums of the rows below them. */
function spendTable(caption, heads, rows) {
  const number = (name) => ({ title: t(name), class: 'number', cell: (row) => String(row[name] ?? '') });
  const sums = [...Map.groupBy(rows, ({ currency }) => currency)].map(([currency, group]) => ({
    currency,
    isTotal: true,
    cost: textOf(sumOf(group.map(({ cost }) => cost))),
    savedByCache: textOf(sumOf(group.map(({ savedByCache }) => savedByCache))),
    uses: group.reduce((all, { uses }) => all + uses, 0),
    inputTokens: group.reduce((all, { inputTokens }) => all + inputTokens, 0),
    outputTokens: group.reduce((all, { outputTokens }) => all + outputTokens, 0),
  }));
  const columns = [
    ...heads.map((head) => ({
      ...head,
      isHead: true,
      cell: (row) => (row.isTotal ? t('total') : head.cell(row)),
    })),
    { title: t('cost'), amount: ({ cost }) => cost },
    { title: t('currency'), cell: ({ currency }) => data(currency) },
    number('uses'),
    number('inputTokens'),
    number('outputTokens'),
    { title: t('savedByCache'), amount: ({ savedByCache }) => savedByCache },
  ];
  return table(caption, columns, [...rows, ...sums], { rowClass: ({ isTotal }) => (isTotal ? 'sum' : '') });
}

function empty() {
  return h('p', { class: 'nothing' }, t('nothing'));
}

function showDays(answer) {
  const rows = answer.rows;
  if (rows.length === 0) return [lead('walkLead'), empty()];
  const days = [...Map.groupBy(rows, ({ day }) => day)].sort(([a], [b]) => (a < b ? 1 : -1));
  const perDay = days.flatMap(([day, group]) =>
    sumsByCurrency(group).map(({ currency, amount }) => {
      const same = group.filter((row) => row.currency === currency);
      const count = (name) => same.reduce((all, row) => all + row[name], 0);
      return {
        day,
        currency,
        cost: amount,
        savedByCache: textOf(sumOf(same.map(({ savedByCache }) => savedByCache))),
        uses: count('uses'),
        inputTokens: count('inputTokens'),
        outputTokens: count('outputTokens'),
      };
    }),
  );
  const head = { title: t('day'), cell: ({ day }) => linkTo('/walk', { day }, data(day)) };
  return [lead('walkLead'), spendTable(t('spend'), [head], perDay), cutNote(answer)];
}

function showAccounts(answer, day) {
  const rows = answer.rows;
  if (rows.length === 0) return [empty()];
  const head = {
    title: t('account'),
    cell: ({ account }) => linkTo('/walk', { day, account }, data(account)),
  };
  return [spendTable(t('account'), [head], rows), cutNote(answer)];
}

function showModels(answer, { day, account }) {
  const rows = answer.rows;
  if (rows.length === 0) return [empty()];
  const head = {
    title: t('model'),
    cell: ({ provider, model }) =>
      linkTo('/walk', { day, account, provider, model }, data(`${provider}/${model}`)),
  };
  return [spendTable(t('model'), [head], rows), cutNote(answer)];
}

function requestsView(parameters) {
  const { day, account, provider, model } = parameters;
  const order = ORDERS.includes(parameters.order) ? parameters.order : ORDERS[0];
  const limit = parameters.limit === String(REQUESTS_SHOWN_MAX) ? REQUESTS_SHOWN_MAX : REQUESTS_SHOWN;
  const here = { day, account, provider, model };
  return {
    title: `${provider}/${model} · ${account} · ${day}`,
    path: '/api/requests',
    question: { ...here, order, limit },
    show: (answer) => showRequests(answer, { here, order, limit }),
  };
}

function showRequests({ rows, isCut }, { here, order, limit }) {
  if (rows.length === 0) return [empty()];
  const choices = ORDERS.map((name) =>
    h(
      'li',
      {},
      name === order
        ? h('span', { 'aria-current': 'true' }, t(name))
        : linkTo('/walk', { ...here, order: name }, t(name)),
    ),
  );
  const columns = [
    {
      title: t('request'),
      isHead: true,
      cell: ({ requestId }) => linkTo('/walk', { ...here, request: requestId }, data(requestId)),
    },
    { title: t('time'), cell: ({ occurredAt }) => data(occurredAt) },
    { title: t('cost'), amount: ({ cost }) => cost },
    { title: t('currency'), cell: ({ currency }) => data(currency) },
    { title: t('latency'), class: 'number', cell: ({ latencyMs }) => String(latencyMs) },
    { title: t('status'), cell: ({ status }) => data(status) },
    { title: t('inputTokens'), class: 'number', cell: ({ inputTokens }) => String(inputTokens) },
    { title: t('outputTokens'), class: 'number', cell: ({ outputTokens }) => String(outputTokens) },
    { title: t('costStatus'), cell: ({ costStatus }) => data(costStatus) },
  ];
  const more =
    limit < REQUESTS_SHOWN_MAX
      ? linkTo('/walk', { ...here, order, limit: REQUESTS_SHOWN_MAX }, t('showMore', REQUESTS_SHOWN_MAX))
      : null;
  return [
    h('nav', { class: 'orders', 'aria-label': t('order') }, h('ul', {}, choices)),
    table(t('requests'), columns, rows),
    isCut ? h('p', { class: 'note' }, t('moreThan', limit), ' ', more) : null,
  ];
}

function requestView({ request, account }) {
  return {
    title: `${t('request')} ${request}`,
    path: '/api/request',
    question: account === undefined ? { request } : { request, account },
    show: explanation,
  };
}

/** The newest records behind one count of the rejected. */
export function rejectedView({ service = '', code = '' }) {
  return {
    title: `${service} · ${code}`,
    path: '/api/rejected-records',
    question: { service, code },
    show: (answer) => showRejectedRecords(answer, code),
  };
}

function showRejectedRecords(answer, code) {
  const { meaning, wayOut } = ruleOf({ ...answer, code });
  const columns = [
    { title: t('recordedAt'), cell: ({ recordedAt }) => data(recordedAt) },
    { title: t('account'), cell: ({ accountId }) => data(accountId) },
    { title: t('record'), cell: recordLink },
    { title: t('kind'), cell: ({ kind }) => kindName(kind) },
    { title: t('field'), cell: ({ field }) => data(field) },
    { title: t('message'), class: 'prose', cell: ({ message }) => data(message) },
    { title: t('origin'), cell: ({ origin }) => place(origin) },
  ];
  return [
    facts([
      [t('meaning'), meaning],
      [t('wayOut'), wayOut],
    ]),
    answer.rows.length === 0 ? empty() : table(t('rejected'), columns, answer.rows, { stacks: true }),
  ];
}

/** Only a record of usage-events is a request. */
function recordLink({ recordId, accountId, origin }) {
  const isRequest = origin[0] === 'usage-events' && recordId !== '';
  if (!isRequest) return data(recordId);
  const account = accountId === '' ? {} : { account: accountId };
  return linkTo('/walk', { ...account, request: recordId }, data(recordId));
}
