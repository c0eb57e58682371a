/**
 * Reads a topic from its start to its end, read_committed, every partition, and decodes each record.
 *
 * Boundary: used by whoever checks the services from outside; shares the log port and the codec with them, and none of
 * their rules.
 */
import { decodeFramed, frameId } from '../../schemas/codec.ts';
import type { RecordName, RecordTypes } from '../../schemas/generated/record-types.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import type { Log, LogRecord, Position } from '../../topology/log.ts';

const FETCH_BYTES_MAX = 8 * 1024 * 1024;
const FETCH_WAIT_MS = 100;

export interface ReadSource {
  readonly log: Log;
  readonly directory: SchemaDirectory;
}

/** Calls `visit` for every record now in the topic; returns how many there were. */
export async function readRecords(
  source: Pick<ReadSource, 'log'>,
  topic: string,
  visit: (record: LogRecord) => void | Promise<void>,
): Promise<number> {
  const { log } = source;
  const count = await log.partitionCount(topic);
  const places = Array.from({ length: count }, (_, partition) => ({ topic, partition }));
  const ends = new Map((await log.bounds(places)).map((bounds) => [bounds.partition, bounds]));
  const positions: Position[] = [...ends.values()].map(({ partition, start }) => ({
    topic,
    partition,
    offset: start,
  }));
  const open = new Set(
    positions
      .filter(({ partition, offset }) => offset < (ends.get(partition)?.end ?? 0))
      .map((p) => p.partition),
  );
  if (open.size === 0) return 0;
  const reader = await log.reader({
    positions: positions.filter(({ partition }) => open.has(partition)),
    fetchBytesMax: FETCH_BYTES_MAX,
    partitionBytesMax: FETCH_BYTES_MAX,
    fetchWaitMs: FETCH_WAIT_MS,
  });
  let records = 0;
  try {
    while (open.size > 0) {
      for (const slice of await reader.fetch()) {
        const end = ends.get(slice.partition)?.end ?? 0;
        for (const record of slice.records) {
          if (record.offset >= end) break;
          records += 1;
          await visit(record);
        }
        if (slice.nextOffset >= end) open.delete(slice.partition);
      }
    }
  } finally {
    await reader.close();
  }
  return records;
}

/** As `readRecords`, decoded as one record type; `null` where the bytes are not such a record. */
export async function readValues<N extends RecordName>(
  source: ReadSource,
  place: { readonly topic: string; readonly record: N },
  visit: (value: RecordTypes[N] | null, record: LogRecord) => void,
): Promise<number> {
  const { directory } = source;
  return readRecords(source, place.topic, async (record) => {
    if (record.value === null) return visit(null, record);
    const id = frameId(record.value);
    if (id !== undefined && directory.writerSchema(id) === undefined) await directory.load(id);
    const decoded = decodeFramed(place.record, record.value, (schema) => directory.writerSchema(schema));
    visit(decoded.ok ? decoded.value : null, record);
  });
}
