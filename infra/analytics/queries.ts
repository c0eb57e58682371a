/**
 * What analysts ask about uses: what they cost, how the calls went, and which single ones are behind a number.
 *
 * Eight names leave this file because each question comes with the types of its question and of its answer.
 * The aggregates are written as the table's projections have them, so that ClickHouse answers from those.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { MoneyText, select, Whole } from './select.ts';
import { boundFilter, type Dimension, grouping, type Keys, type UsageFilter } from './usage-filter.ts';

export interface UsageQuestion {
  readonly by: readonly Dimension[];
  readonly filter?: UsageFilter;
  readonly limit?: number;
}

const LIMIT_DEFAULT = 1_000;

const Spend = z.looseObject({
  currency: z.string(),
  cost: MoneyText,
  savedByCache: MoneyText,
  uses: Whole,
  inputTokens: Whole,
  outputTokens: Whole,
  cacheReadTokens: Whole,
});

export type SpendRow = Readonly<z.infer<typeof Spend>> & { readonly keys: Keys };

/** Cost per currency and group: by day in order of time, otherwise the dearest first. */
export async function spendBy(
  client: ClickHouseClient,
  question: UsageQuestion,
): Promise<readonly SpendRow[]> {
  const { where, params } = boundFilter(question.filter ?? {});
  const { selected, columns, keysOf } = grouping(question.by);
  const rows = await select(client, {
    query: `SELECT ${selected}
        currency,
        sum(amount) AS cost,
        sum(cache_savings) AS savedByCache,
        sum(is_use) AS uses,
        sum(input_tokens) AS inputTokens,
        sum(output_tokens) AS outputTokens,
        sum(cache_read_tokens) AS cacheReadTokens
      FROM usage
      WHERE ${where}
      GROUP BY ${columns === '' ? '' : `${columns}, `}currency
      ORDER BY ${question.by.includes('day') ? 'day, ' : ''}cost DESC, ${columns === '' ? '' : `${columns}, `}currency
      LIMIT {limit:UInt32}`,
    params: { ...params, limit: question.limit ?? LIMIT_DEFAULT },
    row: Spend,
  });
  return rows.map((row) => ({ ...row, keys: keysOf(row) }));
}

const Quality = z.looseObject({
  uses: Whole,
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  errorRate: z.number().nullable(),
  cacheHitRate: z.number().nullable(),
});

export type QualityRow = Readonly<z.infer<typeof Quality>> & { readonly keys: Keys };

/**
 * Latency percentiles, error rate and cache-hit rate (hits among calls that looked into a cache). A rate is null where
 * there is nothing to divide by.
 */
export async function qualityBy(
  client: ClickHouseClient,
  question: UsageQuestion,
): Promise<readonly QualityRow[]> {
  const { where, params } = boundFilter(question.filter ?? {});
  const { selected, columns, keysOf } = grouping(question.by);
  const rows = await select(client, {
    query: `SELECT ${selected}
        sum(is_use) AS uses,
        quantilesTimingIf(0.5, 0.95, 0.99)(latency_ms, is_use = 1) AS percentiles,
        percentiles[1] AS p50Ms,
        percentiles[2] AS p95Ms,
        percentiles[3] AS p99Ms,
        if(sum(is_use) = 0, NULL, sum(is_error) / sum(is_use)) AS errorRate,
        if(sum(is_cache_lookup) = 0, NULL, sum(is_cache_hit) / sum(is_cache_lookup)) AS cacheHitRate
      FROM usage
      WHERE ${where}
      ${columns === '' ? '' : `GROUP BY ${columns}`}
      ORDER BY ${question.by.includes('day') ? 'day, ' : ''}uses DESC${columns === '' ? '' : `, ${columns}`}
      LIMIT {limit:UInt32}`,
    params: { ...params, limit: question.limit ?? LIMIT_DEFAULT },
    row: Quality,
  });
  return rows.map((row) => ({ ...row, keys: keysOf(row) }));
}

const RequestRow = z.object({
  requestId: z.string(),
  accountId: z.string(),
  occurredAt: z.string(),
  provider: z.string(),
  model: z.string(),
  apiKeyId: z.string(),
  projectId: z.string(),
  costCentre: z.string(),
  useCase: z.string(),
  status: z.string(),
  costStatus: z.string(),
  latencyMs: Whole,
  inputTokens: Whole,
  outputTokens: Whole,
  cost: MoneyText,
  currency: z.string(),
});

export type TopRequest = Readonly<z.infer<typeof RequestRow>>;

export interface TopQuestion {
  readonly filter?: UsageFilter;
  readonly order: 'dearest' | 'slowest' | 'newest';
  readonly limit: number;
}

const ORDERS = {
  dearest: 'amount DESC',
  slowest: 'latency_ms DESC',
  newest: 'occurred_at DESC',
} as const;

/**
 * The single requests behind a number. The accounts that match come from a projection first, because rows are sorted
 * by account: without that, a filter on a key or a day would read every row.
 */
export async function topRequests(
  client: ClickHouseClient,
  question: TopQuestion,
): Promise<readonly TopRequest[]> {
  const { where, params } = boundFilter(question.filter ?? {});
  return select(client, {
    query: `SELECT
        request_id AS requestId, account_id AS accountId, toString(occurred_at) AS occurredAt, provider, model,
        api_key_id AS apiKeyId, project_id AS projectId, cost_centre AS costCentre, use_case AS useCase, status,
        cost_status AS costStatus, latency_ms AS latencyMs, input_tokens AS inputTokens,
        output_tokens AS outputTokens, amount AS cost, currency
      FROM usage
      WHERE account_id IN (SELECT account_id FROM usage WHERE ${where} GROUP BY account_id) AND ${where}
      ORDER BY ${ORDERS[question.order]}, _partition, _offset
      LIMIT {limit:UInt32}`,
    params: { ...params, limit: question.limit },
    row: RequestRow,
  });
}
