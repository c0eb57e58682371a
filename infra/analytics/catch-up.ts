/**
 * Whether ClickHouse holds everything that the log holds, asked from outside the sink.
 *
 * Offsets have gaps, so an end offset proves nothing by itself: what lies between the largest stored offset and the
 * end of the log is read, and only records count.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import type { Log, Position } from '../../topology/log.ts';
import { ingestPositions } from './totals.ts';

export interface Backlog extends Position {
  /** A record at or after `offset` that is not stored yet. */
  readonly firstMissing: number;
}

const FETCH_BYTES_MAX = 1024 * 1024;
const FETCH_WAIT_MS = 20;

/** Topic partitions with a record that is not stored yet; empty when ClickHouse has caught up. */
export async function backlogOf(
  client: ClickHouseClient,
  log: Log,
  topics: readonly string[],
): Promise<readonly Backlog[]> {
  return backlogAfter(await ingestPositions(client), log, topics);
}

/** The same, where the largest offsets stored are known. */
export async function backlogAfter(
  positions: readonly { readonly topic: string; readonly partition: number; readonly lastOffset: number }[],
  log: Log,
  topics: readonly string[],
): Promise<readonly Backlog[]> {
  const stored = new Map(
    positions.map(({ topic, partition, lastOffset }) => [`${topic}/${partition}`, lastOffset + 1] as const),
  );
  const behind: (Position & { readonly end: number })[] = [];
  for (const topic of topics) {
    const count = await log.partitionCount(topic);
    const places = Array.from({ length: count }, (_, partition) => ({ topic, partition }));
    for (const { partition, start, end } of await log.bounds(places)) {
      const offset = stored.get(`${topic}/${partition}`) ?? start;
      if (offset < end) behind.push({ topic, partition, offset, end });
    }
  }
  return behind.length === 0 ? [] : missingFrom(log, behind);
}

/** Reads on from each position until a record or the end is met. */
async function missingFrom(
  log: Log,
  positions: readonly (Position & { readonly end: number })[],
): Promise<readonly Backlog[]> {
  const open = new Map(positions.map((position) => [`${position.topic}/${position.partition}`, position]));
  const missing: Backlog[] = [];
  const reader = await log.reader({
    positions,
    fetchBytesMax: FETCH_BYTES_MAX,
    partitionBytesMax: FETCH_BYTES_MAX,
    fetchWaitMs: FETCH_WAIT_MS,
  });
  try {
    while (open.size > 0) {
      for (const { topic, partition, records, nextOffset } of await reader.fetch()) {
        const key = `${topic}/${partition}`;
        const position = open.get(key);
        const first = records[0];
        if (position === undefined || (first === undefined && nextOffset < position.end)) continue;
        open.delete(key);
        reader.pause([{ topic, partition }]);
        if (first === undefined || first.offset >= position.end) continue;
        missing.push({ topic, partition, offset: position.offset, firstMissing: first.offset });
      }
    }
  } finally {
    await reader.close();
  }
  return missing;
}
