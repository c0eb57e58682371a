/**
 * What the console asks the analytics store, as a port: ClickHouse in production, canned rows in tests.
 *
 * Boundary: rows only. Amounts are decimal text to the last digit; nobody on this side adds or rounds them.
 * The questions that the command line asks too, with their rows, are those of `infra/analytics`: one home for each query
 * is worth the one exception to "services import no infra" (here for types, in `query-port-clickhouse.ts` for code).
 */
import type { RequestExplanation, RequestQuestion } from '../../infra/analytics/explain.ts';
import type { QualityRow, SpendRow, UsageQuestion } from '../../infra/analytics/queries.ts';
import type { BalanceRow, BalanceTotal } from './queries/balances.ts';
import type { InvoiceRow, InvoiceTotal } from './queries/invoices.ts';
import type { LedgerAccountRow } from './queries/ledger-accounts.ts';
import type { RejectedCount, RejectedRecord } from './queries/rejected.ts';
import type { RequestRow } from './queries/requests.ts';

export interface RequestsQuestion {
  readonly day: string;
  readonly account: string;
  readonly provider: string;
  readonly model: string;
  readonly order: 'dearest' | 'slowest' | 'newest';
  readonly limit: number;
}

/** The dearest, newest or most of each currency, because amounts of two currencies cannot be compared. */
export interface AccountsQuestion {
  readonly account?: string | undefined;
  readonly currency?: string | undefined;
  readonly limit: number;
}

export interface InvoicesQuestion extends AccountsQuestion {
  readonly status?: string | undefined;
}

export interface RejectedQuestion {
  readonly service: string;
  readonly code: string;
  readonly limit: number;
}

export interface QueryPort {
  /** The newest UTC day with a use, or null while there is none. */
  newestDay(): Promise<string | null>;
  spendBy(question: UsageQuestion): Promise<readonly SpendRow[]>;
  qualityBy(question: UsageQuestion): Promise<readonly QualityRow[]>;
  requests(question: RequestsQuestion): Promise<readonly RequestRow[]>;
  explainRequest(question: RequestQuestion): Promise<RequestExplanation>;
  balances(question: AccountsQuestion): Promise<readonly BalanceRow[]>;
  balanceTotals(): Promise<readonly BalanceTotal[]>;
  invoices(question: InvoicesQuestion): Promise<readonly InvoiceRow[]>;
  invoiceTotals(): Promise<readonly InvoiceTotal[]>;
  ledgerAccounts(): Promise<readonly LedgerAccountRow[]>;
  rejectedCounts(): Promise<readonly RejectedCount[]>;
  rejectedRecords(question: RejectedQuestion): Promise<readonly RejectedRecord[]>;
}

/** Why there is no answer. The codes are those of `problem.ts`. */
export type QueryTrouble =
  | 'analytics_unavailable'
  | 'analytics_not_ready'
  | 'analytics_denied'
  | 'analytics_too_heavy'
  | 'analytics_failed';

export class QueryFailure extends Error {
  readonly trouble: QueryTrouble;

  constructor(trouble: QueryTrouble, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'QueryFailure';
    this.trouble = trouble;
  }
}
