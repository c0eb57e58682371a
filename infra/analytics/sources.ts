/**
 * Which numbers of which producer instance have arrived, which have not, and how long uses took to the log (U4).
 *
 * Job: a number has arrived when a record with it is in the log, whatever its verdict: uses are in `usage`, all others
 * in `rejected`. The set of a source's numbers is a bitmap, so the answers are exact, do not depend on the order of
 * arrival, and a gap closes by itself when its record arrives late.
 * Boundary: reports and judges nothing. Written as the projections `by_source` have it, and answered from those.
 */
import { z } from 'zod';
import { type Selection, Whole } from './select.ts';

/** How a query is asked: by a client that is bound, or by the port of the command line. */
export type Ask = <T>(selection: Selection<T>) => Promise<readonly T[]>;

const SourceRow = z.object({
  sourceId: z.string(),
  first: Whole,
  last: Whole,
  received: Whole,
  missing: Whole,
  lastDay: z.string(),
});

/** `missing` counts the numbers from 1 to `last` that never arrived. */
export type SourceNumbers = Readonly<z.infer<typeof SourceRow>>;

const GapsRow = z.object({ ranges: z.array(z.tuple([Whole, Whole])), count: Whole });

export interface Gaps {
  /** First and last number that are missing, ascending; at most as many as were asked for. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
  /** How many there are in all. */
  readonly count: number;
}

const DelayRow = z.object({
  sourceId: z.string(),
  uses: Whole,
  timed: Whole,
  ahead: Whole,
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});

/** `timed` uses say when they were sent; of those, `ahead` say an instant after their append. */
export type IngestDelay = Readonly<z.infer<typeof DelayRow>>;

const SOURCES_MAX = 100_000;
/** Before any record. */
const FIRST_DAY = '1970-01-01';

/** The sources that sent something on or after a UTC day, with the numbers of their whole life; the most lossy first. */
export function sourceNumbers(ask: Ask, sinceDay = FIRST_DAY): Promise<readonly SourceNumbers[]> {
  return ask({
    query: `SELECT
        source_id AS sourceId,
        bitmapMin(seen) AS first,
        bitmapMax(seen) AS last,
        bitmapCardinality(seen) AS received,
        last - received AS missing,
        toString(last_day) AS lastDay
      FROM
      (
        SELECT source_id, groupBitmapMergeState(numbers) AS seen, max(received_day) AS last_day
        FROM (${arrived('1')})
        GROUP BY source_id
      )
      WHERE last_day >= {sinceDay:Date}
      ORDER BY missing / last DESC, missing DESC, source_id
      LIMIT {limit:UInt32}`,
    params: { sinceDay, limit: SOURCES_MAX },
    row: SourceRow,
  });
}

/** The gaps of one source, the earliest first. */
export async function gapsOf(ask: Ask, sourceId: string, limit: number): Promise<Gaps> {
  const [gaps] = await ask({
    query: `WITH
        arraySort(bitmapToArray(numbers)) AS seen,
        arrayPushFront(arrayPopBack(seen), 0) AS before,
        arrayFilter(
          gap -> gap.1 <= gap.2,
          arrayMap((previous, next) -> (previous + 1, next - 1), before, seen)
        ) AS gaps
      SELECT arraySlice(gaps, 1, {limit:UInt32}) AS ranges, length(gaps) AS count
      FROM
      (
        SELECT groupBitmapMergeState(numbers) AS numbers
        FROM (${arrived('source_id = {sourceId:String}')})
      )`,
    params: { sourceId, limit },
    row: GapsRow,
  });
  return gaps ?? { ranges: [], count: 0 };
}

/** How long uses took that were appended on or after a UTC day, by source ('' for uses without one). */
export function ingestDelays(ask: Ask, sinceDay = FIRST_DAY): Promise<readonly IngestDelay[]> {
  return ask(delays('source_id', 'GROUP BY source_id ORDER BY source_id LIMIT {limit:UInt32}', sinceDay));
}

/** The same over all uses together. */
export async function ingestDelay(ask: Ask, sinceDay = FIRST_DAY): Promise<IngestDelay> {
  const [delay] = await ask(delays("''", '', sinceDay));
  return delay ?? { sourceId: '', uses: 0, timed: 0, ahead: 0, p50Ms: null, p95Ms: null, p99Ms: null };
}

/** Bitmaps of numbers from both tables. */
function arrived(condition: string): string {
  return ['usage', 'rejected']
    .map(
      (table) => `SELECT source_id, received_day, groupBitmapState(source_sequence) AS numbers
        FROM ${table} WHERE is_numbered = 1 AND ${condition} GROUP BY source_id, received_day`,
    )
    .join(' UNION ALL ');
}

function delays(name: string, grouped: string, sinceDay: string): Selection<IngestDelay> {
  return {
    query: `SELECT
        ${name} AS sourceId,
        sum(is_use) AS uses,
        sum(is_timed) AS timed,
        sum(is_ahead) AS ahead,
        quantilesTimingIf(0.5, 0.95, 0.99)(ingest_ms, is_timed = 1) AS percentiles,
        percentiles[1] AS p50Ms,
        percentiles[2] AS p95Ms,
        percentiles[3] AS p99Ms
      FROM usage
      WHERE received_day >= {sinceDay:Date}
      ${grouped}`,
    params: { sinceDay, limit: SOURCES_MAX },
    row: DelayRow,
  };
}
