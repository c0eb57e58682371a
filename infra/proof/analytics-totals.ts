/**
 * The same totals as the audit's, asked of ClickHouse in SQL.
 *
 * Boundary: amounts come back as decimal text and never pass through a float.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { parseAmount } from '../../schemas/amount.ts';
import { Counts, Sums } from './sums.ts';

export interface AnalyticsTotals {
  readonly usageRows: number;
  readonly usageIds: number;
  readonly charges: Sums;
  readonly revenue: Sums;
  readonly trial: Sums;
  readonly journalEntries: number;
  /** By `service/code`, refusals and dead letters together. */
  readonly rejected: Counts;
}

const AmountRow = z.object({ name: z.string(), amount: z.string() });
const CountRow = z.object({ name: z.string(), count: z.coerce.number().int() });

export async function analyticsTotals(client: ClickHouseClient): Promise<AnalyticsTotals> {
  const [uses, charges, revenue, trial, entries, rejected] = await Promise.all([
    counts(
      client,
      `SELECT 'rows' AS name, count() AS count FROM usage WHERE is_use
       UNION ALL SELECT 'ids', uniqExact(account_id, request_id) FROM usage WHERE is_use`,
    ),
    sums(client, 'SELECT currency AS name, sum(amount) AS amount FROM charges GROUP BY currency'),
    sums(
      client,
      `SELECT currency AS name, sum(credit) - sum(debit) AS amount
       FROM journal WHERE ledger_account = 'revenue' GROUP BY currency`,
    ),
    sums(
      client,
      'SELECT currency AS name, sum(debit) - sum(credit) AS amount FROM journal GROUP BY currency',
    ),
    counts(client, "SELECT 'entries' AS name, sum(is_entry) AS count FROM journal"),
    counts(client, "SELECT concat(service, '/', code) AS name, count() AS count FROM rejected GROUP BY name"),
  ]);
  return {
    usageRows: uses.get('rows'),
    usageIds: uses.get('ids'),
    charges,
    revenue,
    trial,
    journalEntries: entries.get('entries'),
    rejected,
  };
}

/** Rows of the topics that the sink must have taken before the totals mean anything. */
export async function sinkCounts(client: ClickHouseClient): Promise<Counts> {
  return counts(
    client,
    `SELECT _topic AS name, uniqExact(_partition, _offset) AS count FROM usage GROUP BY _topic
     UNION ALL SELECT _topic, count() FROM charges GROUP BY _topic
     UNION ALL SELECT _topic, uniqExact(_partition, _offset) FROM journal GROUP BY _topic
     UNION ALL SELECT _topic, count() FROM rejected GROUP BY _topic`,
  );
}

async function rows(client: ClickHouseClient, query: string): Promise<unknown> {
  const result = await client.query({
    query,
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_decimals: 1 },
  });
  return result.json();
}

async function sums(client: ClickHouseClient, query: string): Promise<Sums> {
  const found = new Sums();
  for (const { name, amount } of z.array(AmountRow).parse(await rows(client, query)))
    found.add(name, parseAmount(amount));
  return found;
}

async function counts(client: ClickHouseClient, query: string): Promise<Counts> {
  const found = new Counts();
  for (const { name, count } of z.array(CountRow).parse(await rows(client, query))) found.add(name, count);
  return found;
}
