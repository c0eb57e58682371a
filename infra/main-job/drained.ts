/**
 * Waits until every processor has taken everything that its inputs hold.
 *
 * Invariant: a position may stay behind the end of a log by transaction markers, which are no records; so where the two
 * differ, the log itself is asked whether a record is left.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Log, Position } from '../../topology/log.ts';
import type { AnyProcessor } from '../../topology/processor.ts';

const POLL_MS = 50;
const FETCH_BYTES = 64 * 1024;
/** Markers come one a transaction; a gap longer than this holds records for certain. */
const MARKERS_LIKELY_MAX = 10_000;

export interface DrainOptions {
  readonly log: Log;
  readonly processors: readonly AnyProcessor[];
  readonly timeoutMs: number;
  readonly onProgress?: (lag: number) => void;
}

export async function untilDrained(options: DrainOptions): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  for (let quietRounds = 0; quietRounds < 2; ) {
    const lag = await totalLag(options);
    options.onProgress?.(lag);
    quietRounds = lag === 0 ? quietRounds + 1 : 0;
    if (performance.now() > deadline) throw new Error(`${lag} records are still waiting to be processed`);
    if (lag > 0) await pause(POLL_MS);
  }
}

async function totalLag(options: DrainOptions): Promise<number> {
  const lags = await Promise.all(options.processors.map((processor) => lagOf(options.log, processor)));
  return lags.reduce((sum, lag) => sum + lag, 0);
}

async function lagOf(log: Log, processor: AnyProcessor): Promise<number> {
  const count = await log.partitionCount('clock-ticks');
  const places = processor.inputs.flatMap((topic) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  );
  const [bounds, positions] = await Promise.all([
    log.bounds(places),
    log.admin.groupPositions(processor.service, places),
  ]);
  const at = new Map(positions.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]));
  const behind = bounds
    .map(({ topic, partition, start, end }) => {
      const offset = Math.max(at.get(`${topic}/${partition}`) ?? start, start);
      return { topic, partition, offset, lag: end - offset };
    })
    .filter(({ lag }) => lag > 0);
  const far = behind.filter(({ lag }) => lag > MARKERS_LIKELY_MAX).reduce((sum, { lag }) => sum + lag, 0);
  if (far > 0) return far;
  return behind.length === 0 ? 0 : recordsAt(log, behind);
}

/** How many of these partitions still hold a record at their position. */
async function recordsAt(
  log: Log,
  behind: readonly (Position & { readonly lag: number })[],
): Promise<number> {
  const open = new Map(
    behind.map(({ topic, partition, offset, lag }) => [`${topic}/${partition}`, offset + lag]),
  );
  const reader = await log.reader({
    positions: behind.map(({ topic, partition, offset }) => ({ topic, partition, offset })),
    fetchBytesMax: FETCH_BYTES * behind.length,
    partitionBytesMax: FETCH_BYTES,
    fetchWaitMs: POLL_MS,
  });
  let records = 0;
  try {
    while (open.size > 0) {
      for (const slice of await reader.fetch()) {
        const place = `${slice.topic}/${slice.partition}`;
        if (slice.records.length > 0) {
          records += slice.records.length;
          open.delete(place);
        } else if (slice.nextOffset >= (open.get(place) ?? 0)) open.delete(place);
      }
      if (records > 0) return records;
    }
    return records;
  } finally {
    await reader.close();
  }
}
