/**
 * The query port over ClickHouse, with one classifier for everything that can go wrong.
 *
 * Invariants:
 *  1. A failure leaves here as a `QueryFailure` with a code, or it is a defect of ours (a row of another shape).
 *  2. Nothing is kept between questions: when ClickHouse is back, the next question is answered.
 */
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { ZodError, z } from 'zod';
import { explainRequest } from '../../infra/analytics/explain.ts';
import { qualityBy, spendBy } from '../../infra/analytics/queries.ts';
import { select } from '../../infra/analytics/select.ts';
import { readBalances, readBalanceTotals } from './queries/balances.ts';
import { readInvoices, readInvoiceTotals } from './queries/invoices.ts';
import { readLedgerAccounts } from './queries/ledger-accounts.ts';
import { readRejectedCounts, readRejectedRecords } from './queries/rejected.ts';
import { readRequests } from './queries/requests.ts';
import { QueryFailure, type QueryPort, type QueryTrouble } from './query-port.ts';

/** ClickHouse's error codes that mean something else than a wrong query. */
const TROUBLES: ReadonlyMap<string, QueryTrouble> = new Map<string, QueryTrouble>([
  ['60', 'analytics_not_ready'], // UNKNOWN_TABLE
  ['81', 'analytics_not_ready'], // UNKNOWN_DATABASE
  ['47', 'analytics_not_ready'], // UNKNOWN_IDENTIFIER: a table of an earlier version
  ['192', 'analytics_denied'], // UNKNOWN_USER
  ['194', 'analytics_denied'], // REQUIRED_PASSWORD
  ['497', 'analytics_denied'], // ACCESS_DENIED
  ['516', 'analytics_denied'], // AUTHENTICATION_FAILED
  ['159', 'analytics_too_heavy'], // TIMEOUT_EXCEEDED
  ['202', 'analytics_too_heavy'], // TOO_MANY_SIMULTANEOUS_QUERIES
  ['241', 'analytics_too_heavy'], // MEMORY_LIMIT_EXCEEDED
  ['396', 'analytics_too_heavy'], // TOO_MANY_ROWS_OR_BYTES
]);

export function clickhouseQueryPort(client: ClickHouseClient): QueryPort {
  return {
    newestDay: () => guarded(newestDay(client)),
    spendBy: (question) => guarded(spendBy(client, question)),
    qualityBy: (question) => guarded(qualityBy(client, question)),
    requests: (question) => guarded(readRequests(client, question)),
    explainRequest: (question) => guarded(explainRequest(client, question)),
    balances: (question) => guarded(readBalances(client, question)),
    balanceTotals: () => guarded(readBalanceTotals(client)),
    invoices: (question) => guarded(readInvoices(client, question)),
    invoiceTotals: () => guarded(readInvoiceTotals(client)),
    ledgerAccounts: () => guarded(readLedgerAccounts(client)),
    rejectedCounts: () => guarded(readRejectedCounts(client)),
    rejectedRecords: (question) => guarded(readRejectedRecords(client, question)),
  };
}

async function newestDay(client: ClickHouseClient): Promise<string | null> {
  const [row] = await select(client, {
    query: 'SELECT toString(max(day)) AS day, count() AS rows FROM usage',
    row: z.object({ day: z.iso.date(), rows: z.string() }),
  });
  return row === undefined || row.rows === '0' ? null : row.day;
}

async function guarded<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ZodError || error instanceof TypeError || error instanceof RangeError) throw error;
    throw new QueryFailure(troubleOf(error), error);
  }
}

/** What is not ClickHouse's own answer is the way to it: refused, reset, timed out, or cut off in mid-answer. */
function troubleOf(error: unknown): QueryTrouble {
  if (!(error instanceof ClickHouseError)) return 'analytics_unavailable';
  return TROUBLES.get(error.code) ?? 'analytics_failed';
}
