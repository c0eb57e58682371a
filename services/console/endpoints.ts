/**
 * Every path under /api: its parameters and the questions behind its answer.
 *
 * Invariants:
 *  1. Each path only reads.
 *  2. A list that was cut says so, or comes with the count of all.
 */
import type { z } from 'zod';
import type { QualityRow, SpendRow } from '../../infra/analytics/queries.ts';
import { refusalRule } from '../../schemas/refusals.ts';
import { dayAfter, PARAMETERS, readParameters } from './parameters.ts';
import { Problem } from './problem.ts';
import type { ProofPort } from './proof-file.ts';
import type { QueryPort } from './query-port.ts';

export interface Sources {
  readonly queries: QueryPort;
  readonly proof: ProofPort;
}

export interface Endpoint {
  readonly path: string;
  answer(query: unknown, sources: Sources): Promise<object>;
}

const ROWS_MAX = 10_000;
/** What a chart shows when nobody says otherwise: two months up to the newest day. */
const RANGE_DAYS_DEFAULT = 62;

function endpoint<T>(
  path: string,
  schema: z.ZodType<T>,
  answer: (question: T, sources: Sources) => Promise<object>,
): Endpoint {
  return { path, answer: async (query, sources) => answer(readParameters(schema, query), sources) };
}

export const ENDPOINTS: readonly Endpoint[] = [
  endpoint('/api/proof', PARAMETERS.none, (_none, { proof }) => proof.read()),
  endpoint('/api/spend', PARAMETERS.range, spend),
  endpoint('/api/quality', PARAMETERS.range, quality),
  endpoint('/api/accounts', PARAMETERS.day, ({ day }, sources) => spendOfDay(day, ['account'], sources)),
  endpoint('/api/models', PARAMETERS.dayAccount, ({ day, account }, sources) =>
    spendOfDay(day, ['provider', 'model'], sources, account),
  ),
  endpoint('/api/requests', PARAMETERS.requests, requests),
  endpoint('/api/request', PARAMETERS.request, request),
  endpoint('/api/balances', PARAMETERS.balances, async (question, { queries }) => {
    const [rows, totals] = await Promise.all([queries.balances(question), queries.balanceTotals()]);
    return { rows, totals };
  }),
  endpoint('/api/invoices', PARAMETERS.invoices, async (question, { queries }) => {
    const [rows, totals] = await Promise.all([queries.invoices(question), queries.invoiceTotals()]);
    return { rows, totals };
  }),
  endpoint('/api/ledger-accounts', PARAMETERS.none, async (_none, { queries }) => ({
    rows: await queries.ledgerAccounts(),
  })),
  endpoint('/api/rejected', PARAMETERS.none, rejected),
  endpoint('/api/rejected-records', PARAMETERS.rejected, async (question, { queries }) => ({
    ...ruleOf(question.code),
    rows: await queries.rejectedRecords(question),
  })),
];

/** The dimensions of a row beside its numbers; what else a query selects is its own matter. */
function shownSpend({
  keys,
  currency,
  cost,
  savedByCache,
  uses,
  inputTokens,
  outputTokens,
}: SpendRow): object {
  return { ...keys, currency, cost, savedByCache, uses, inputTokens, outputTokens };
}

function shownQuality({ keys, uses, p50Ms, p95Ms, p99Ms, errorRate, cacheHitRate }: QualityRow): object {
  return { ...keys, uses, p50Ms, p95Ms, p99Ms, errorRate, cacheHitRate };
}

interface Range {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

interface Days {
  /** Both included. */
  readonly from: string;
  readonly to: string;
  readonly newestDay: string;
}

/** The range that was asked for, completed from the newest day; null while nothing was used at all. */
async function daysOf({ from, to }: Range, queries: QueryPort): Promise<Days | null> {
  const newestDay = await queries.newestDay();
  if (newestDay === null) return null;
  const last = to ?? (from === undefined || from <= newestDay ? newestDay : from);
  return { from: from ?? dayAfter(last, 1 - RANGE_DAYS_DEFAULT), to: last, newestDay };
}

async function spend(range: Range, { queries }: Sources): Promise<object> {
  const days = await daysOf(range, queries);
  if (days === null) return { from: null, to: null, newestDay: null, rows: [], isCut: false };
  const rows = await queries.spendBy({
    by: ['day', 'provider', 'model'],
    filter: { fromDay: days.from, toDay: dayAfter(days.to) },
    limit: ROWS_MAX,
  });
  return { ...days, rows: rows.map(shownSpend), isCut: rows.length === ROWS_MAX };
}

async function quality(range: Range, { queries }: Sources): Promise<object> {
  const days = await daysOf(range, queries);
  if (days === null) return { from: null, to: null, newestDay: null, rows: [], isCut: false };
  const rows = await queries.qualityBy({
    by: ['provider', 'model'],
    filter: { fromDay: days.from, toDay: dayAfter(days.to) },
    limit: ROWS_MAX,
  });
  return { ...days, rows: rows.map(shownQuality), isCut: rows.length === ROWS_MAX };
}

async function spendOfDay(
  day: string,
  by: readonly ('account' | 'provider' | 'model')[],
  { queries }: Sources,
  account?: string,
): Promise<object> {
  const rows = await queries.spendBy({
    by,
    filter: {
      fromDay: day,
      toDay: dayAfter(day),
      only: account === undefined ? {} : { account: [account] },
    },
    limit: ROWS_MAX,
  });
  return { rows: rows.map(shownSpend), isCut: rows.length === ROWS_MAX };
}

async function requests(
  question: z.infer<typeof PARAMETERS.requests>,
  { queries }: Sources,
): Promise<object> {
  const { limit } = question;
  // One more than is shown tells whether there are more.
  const rows = await queries.requests({ ...question, limit: limit + 1 });
  return { rows: rows.slice(0, limit), isCut: rows.length > limit };
}

async function request(question: z.infer<typeof PARAMETERS.request>, { queries }: Sources): Promise<object> {
  const { request: requestId, account } = question;
  const found = await queries.explainRequest(
    account === undefined ? { requestId } : { requestId, accountId: account },
  );
  const isKnown = found.uses.length > 0 || found.charges.length > 0 || found.rejections.length > 0;
  if (!isKnown) throw new Problem('request_unknown', 'no record of this request is stored');
  return { ...found, rejections: found.rejections.map((row) => ({ ...row, ...ruleOf(row.code) })) };
}

async function rejected(_none: object, { queries }: Sources): Promise<object> {
  const counts = await queries.rejectedCounts();
  return { rows: counts.map((row) => ({ ...row, ...ruleOf(row.code) })) };
}

/** What a code means and what to do; null for a code of a later version. */
function ruleOf(code: string): object {
  const { meaning, wayOut, transient } = refusalRule(code) ?? {};
  return { meaning: meaning ?? null, wayOut: wayOut ?? null, isTransient: transient ?? null };
}
