/** The requests of one account with one model on one day. */
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { MoneyText, select, Whole } from '../../../infra/analytics/select.ts';
import type { RequestsQuestion } from '../query-port.ts';

const Row = z.object({
  requestId: z.string(),
  occurredAt: z.string(),
  status: z.string(),
  costStatus: z.string(),
  latencyMs: Whole,
  inputTokens: Whole,
  outputTokens: Whole,
  cost: MoneyText,
  currency: z.string(),
});

export type RequestRow = Readonly<z.infer<typeof Row>>;

const ORDERS = {
  dearest: 'usage.amount DESC',
  slowest: 'latency_ms DESC',
  newest: 'occurred_at DESC',
} as const;

/** The first columns of the filter are those the table is sorted by, so that few rows are read. */
export function readRequests(
  client: ClickHouseClient,
  { day, account, provider, model, order, limit }: RequestsQuestion,
): Promise<readonly RequestRow[]> {
  return select(client, {
    query: `SELECT request_id AS requestId, toString(occurred_at) AS occurredAt, status, cost_status AS costStatus,
        latency_ms AS latencyMs, input_tokens AS inputTokens, output_tokens AS outputTokens, amount AS cost, currency
      FROM usage
      WHERE account_id = {account:String} AND model = {model:String} AND provider = {provider:String}
        AND day = {day:Date}
      ORDER BY ${ORDERS[order]}, _partition, _offset
      LIMIT {limit:UInt32}`,
    params: { day, account, provider, model, limit },
    row: Row,
  });
}
