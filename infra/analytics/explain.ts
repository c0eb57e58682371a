/**
 * Everything the analytics store knows of one request: what it cost and why, what was charged, how that was booked, on
 * which invoices it can be, and the place in the log of each of these records.
 *
 * Boundary: reads only what was stored. A request that was refused has no use, and its refusals are listed instead.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { MoneyText, select, Whole } from './select.ts';

const Place = z.tuple([z.string(), Whole, Whole]);
const Component = z.tuple([z.string(), Whole, MoneyText, MoneyText]);

const Use = z.object({
  accountId: z.string(),
  amends: z.string(),
  provider: z.string(),
  model: z.string(),
  apiKeyId: z.string(),
  projectId: z.string(),
  costCentre: z.string(),
  useCase: z.string(),
  traceId: z.string(),
  businessOutcomeId: z.string(),
  status: z.string(),
  latencyMs: Whole,
  inputTokens: Whole,
  outputTokens: Whole,
  cacheReadTokens: Whole,
  occurredAt: z.string(),
  costStatus: z.string(),
  suspenseReason: z.string(),
  cost: MoneyText,
  currency: z.string(),
  priceBookId: z.string(),
  priceBookVersion: Whole,
  allocationMethod: z.string(),
  /** Token class, quantity, unit price, amount. */
  components: z.array(Component),
  place: Place,
  cause: Place,
});

const ChargeRow = z.object({
  chargeId: z.string(),
  accountId: z.string(),
  kind: z.string(),
  status: z.string(),
  lineClass: z.string(),
  amends: z.string(),
  amount: MoneyText,
  currency: z.string(),
  contractId: z.string(),
  contractVersion: Whole,
  priceBookId: z.string(),
  priceBookVersion: Whole,
  components: z.array(Component),
  place: Place,
  cause: Place,
});

const PostingRow = z.object({
  entryId: z.string(),
  kind: z.string(),
  reference: z.string(),
  ledgerAccount: z.string(),
  debit: MoneyText,
  credit: MoneyText,
  currency: z.string(),
  bookedAt: z.string(),
  place: Place,
  cause: Place,
});

const InvoiceRow = z.object({
  invoiceNumber: z.string(),
  billingPeriod: z.string(),
  status: z.string(),
  total: MoneyText,
  currency: z.string(),
  place: Place,
});

const Rejection = z.object({
  kind: z.string(),
  service: z.string(),
  code: z.string(),
  field: z.string(),
  message: z.string(),
  origin: Place,
});

/** A place is topic, partition, offset. The first use is the request; a later one completed its cost. */
export interface RequestExplanation {
  readonly uses: readonly Readonly<z.infer<typeof Use>>[];
  readonly charges: readonly Readonly<z.infer<typeof ChargeRow>>[];
  readonly postings: readonly Readonly<z.infer<typeof PostingRow>>[];
  /** Of the period in which it was used, and of later ones up to when it was recorded, the earliest first. */
  readonly invoices: readonly Readonly<z.infer<typeof InvoiceRow>>[];
  readonly rejections: readonly Readonly<z.infer<typeof Rejection>>[];
}

/** Request ids are unique per account only; without an account all accounts are searched. */
export interface RequestQuestion {
  readonly requestId: string;
  readonly accountId?: string;
}

const PLACE = '(_topic, _partition, _offset) AS place, (cause_topic, cause_partition, cause_offset) AS cause';
const OF_ACCOUNT = "({accountId:String} = '' OR account_id = {accountId:String})";

export async function explainRequest(
  client: ClickHouseClient,
  question: RequestQuestion,
): Promise<RequestExplanation> {
  const params = { requestId: question.requestId, accountId: question.accountId ?? '' };
  const [uses, charges, rejections] = await Promise.all([
    usesOf(client, params),
    chargesOf(client, params),
    rejectionsOf(client, params),
  ]);
  const chargeIds = charges.map((charge) => charge.chargeId);
  const accounts = [...new Set(charges.map((charge) => charge.accountId))];
  const postings = chargeIds.length === 0 ? [] : await postingsOf(client, { chargeIds, accounts });
  const invoices = chargeIds.length === 0 ? [] : await invoicesOf(client, { chargeIds, accounts });
  return { uses, charges, postings, invoices, rejections };
}

type Params = Readonly<Record<string, unknown>>;

function usesOf(client: ClickHouseClient, params: Params): Promise<RequestExplanation['uses']> {
  return select(client, {
    query: `SELECT
        account_id AS accountId, amends, provider, model, api_key_id AS apiKeyId, project_id AS projectId,
        cost_centre AS costCentre, use_case AS useCase, trace_id AS traceId,
        business_outcome_id AS businessOutcomeId, status, latency_ms AS latencyMs, input_tokens AS inputTokens,
        output_tokens AS outputTokens, cache_read_tokens AS cacheReadTokens, toString(occurred_at) AS occurredAt,
        cost_status AS costStatus, suspense_reason AS suspenseReason, amount AS cost, currency,
        price_book_id AS priceBookId, price_book_version AS priceBookVersion,
        allocation_method AS allocationMethod,
        arrayZip(component_token_classes, component_quantities, component_unit_prices, component_amounts) AS components,
        ${PLACE}
      FROM usage WHERE request_id = {requestId:String} AND ${OF_ACCOUNT}
      ORDER BY account_id, _partition, _offset`,
    params,
    row: Use,
  });
}

function chargesOf(client: ClickHouseClient, params: Params): Promise<RequestExplanation['charges']> {
  return select(client, {
    query: `SELECT
        charge_id AS chargeId, account_id AS accountId, kind, status, line_class AS lineClass, amends, amount,
        currency, contract_id AS contractId, contract_version AS contractVersion, price_book_id AS priceBookId,
        price_book_version AS priceBookVersion,
        arrayZip(component_items, component_quantities, component_unit_prices, component_amounts) AS components,
        ${PLACE}
      FROM charges WHERE request_id = {requestId:String} AND ${OF_ACCOUNT}
      ORDER BY account_id, _partition, _offset`,
    params,
    row: ChargeRow,
  });
}

function rejectionsOf(client: ClickHouseClient, params: Params): Promise<RequestExplanation['rejections']> {
  return select(client, {
    query: `SELECT kind, service, code, field, message, (origin_topic, origin_partition, origin_offset) AS origin
      FROM rejected WHERE record_id = {requestId:String} AND ${OF_ACCOUNT}
      ORDER BY _topic, _partition, _offset`,
    params,
    row: Rejection,
  });
}

function postingsOf(client: ClickHouseClient, params: Params): Promise<RequestExplanation['postings']> {
  return select(client, {
    query: `SELECT
        entry_id AS entryId, kind, reference, ledger_account AS ledgerAccount, debit, credit, currency,
        toString(booked_at) AS bookedAt, ${PLACE}
      FROM journal
      WHERE account_id IN {accounts:Array(String)} AND reference IN {chargeIds:Array(String)}
      ORDER BY _partition, _offset, posting_index`,
    params,
    row: PostingRow,
  });
}

function invoicesOf(client: ClickHouseClient, params: Params): Promise<RequestExplanation['invoices']> {
  return select(client, {
    query: `WITH
        (SELECT (min(occurred_at), max(recorded_at)) FROM charges
         WHERE account_id IN {accounts:Array(String)} AND charge_id IN {chargeIds:Array(String)}) AS times
      SELECT
        invoice_number AS invoiceNumber, billing_period AS billingPeriod, status, total, currency,
        (_topic, _partition, _offset) AS place
      FROM v_invoice_current
      WHERE account_id IN {accounts:Array(String)}
        AND period_end > times.1 AND period_start <= greatest(times.1, times.2)
      ORDER BY period_start`,
    params,
    row: InvoiceRow,
  });
}
