/**
 * Job: find the last clock tick in the log.
 *
 * Boundary: reads one partition, because every tick has a copy in each.
 *
 * Invariant: null means that the log holds no tick at all, never that none was found near the end. Markers and aborted
 * ticks take offsets too, so the search goes back in growing strides until it finds one or reaches the start.
 */
import { decodeFramed, frameId } from '../../schemas/codec.ts';
import type { ClockTick } from '../../schemas/generated/clock-tick.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import type { Log, LogRecord } from '../../topology/log.ts';

const PLACE = { topic: 'clock-ticks', partition: 0 } as const;
const FIRST_STRIDE = 64;
const STRIDE_GROWTH = 16;
const FETCH_BYTES_MAX = 1024 * 1024;
const FETCH_WAIT_MS = 100;

export async function lastTick(log: Log, directory: SchemaDirectory): Promise<ClockTick | null> {
  const [bounds] = await log.bounds([PLACE]);
  if (bounds === undefined) return null;
  for (let stride = FIRST_STRIDE; ; stride *= STRIDE_GROWTH) {
    const from = Math.max(bounds.start, bounds.end - stride);
    const record = await lastRecord(log, from, bounds.end);
    if (record !== null) return decoded(record, directory);
    if (from === bounds.start) return null;
  }
}

/** The last committed record with from <= offset < to. */
async function lastRecord(log: Log, from: number, to: number): Promise<LogRecord | null> {
  const reader = await log.reader({
    positions: [{ ...PLACE, offset: from }],
    fetchBytesMax: FETCH_BYTES_MAX,
    partitionBytesMax: FETCH_BYTES_MAX,
    fetchWaitMs: FETCH_WAIT_MS,
  });
  try {
    let last: LogRecord | null = null;
    for (let position = from; position < to; ) {
      for (const slice of await reader.fetch()) {
        last = slice.records.at(-1) ?? last;
        position = slice.nextOffset;
      }
    }
    return last;
  } finally {
    await reader.close();
  }
}

async function decoded(record: LogRecord, directory: SchemaDirectory): Promise<ClockTick> {
  const value = record.value ?? Buffer.alloc(0);
  const schemaId = frameId(value);
  if (schemaId !== undefined && directory.writerSchema(schemaId) === undefined)
    await directory.load(schemaId);
  const result = decodeFramed('ClockTick', value, (id) => directory.writerSchema(id));
  if (result.ok) return result.value;
  throw new Error(`${record.topic}/${record.partition}@${record.offset} is no clock tick: ${result.message}`);
}
