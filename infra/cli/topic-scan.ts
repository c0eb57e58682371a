/**
 * Reads topics from one end to the other, a fetch at a time.
 *
 * Job: push the records of some partitions to a visitor, or let a caller pull one partition. Boundary: knows Avro only
 * to load the schemas of what it hands out, so that the visitor may decode without waiting.
 *
 * Invariants:
 *  1. What is read ends where the log ended when the scan began; a log that grows meanwhile does not prolong it.
 *  2. Memory is one fetch, whatever the length of the log.
 */
import { type Decoded, decodeFramed, frameId } from '../../schemas/codec.ts';
import type { RecordName } from '../../schemas/generated/record-types.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import type {
  FetchedSlice,
  Log,
  LogReader,
  LogRecord,
  OffsetBounds,
  TopicPartition,
} from '../../topology/log.ts';

const fetchBytesMax = 16 * 1024 * 1024;
const partitionBytesMax = 4 * 1024 * 1024;
const fetchWaitMs = 250;

export interface Source {
  readonly log: Log;
  readonly directory: SchemaDirectory;
  readonly signal: AbortSignal;
}

export interface ScanHooks {
  visit(record: LogRecord): void;
  /** After each fetch, with the offsets passed since the last call. */
  moved?(offsets: number): void;
  /** Where an earlier scan ended, so that this one goes on from there. */
  readonly from?: readonly OffsetBounds[];
}

/** Records in offset order within a partition; partitions take turns. Returns where each partition was read to. */
export async function scan(
  source: Source,
  places: readonly TopicPartition[],
  hooks: ScanHooks,
): Promise<readonly OffsetBounds[]> {
  if (places.length === 0) return [];
  const resumed = new Map(hooks.from?.map((each) => [placeOf(each), each.end]));
  const bounds = (await source.log.bounds(places)).map((each) => ({
    ...each,
    start: resumed.get(placeOf(each)) ?? each.start,
  }));
  const ends = new Map(
    bounds.filter(({ start, end }) => start < end).map((each) => [placeOf(each), each.end]),
  );
  if (ends.size === 0) return bounds;
  const reader = await openReader(
    source,
    bounds.filter((each) => ends.has(placeOf(each))),
  );
  const positions = new Map(bounds.map((each) => [placeOf(each), each.start]));
  try {
    while (ends.size > 0) {
      source.signal.throwIfAborted();
      for (const slice of await reader.fetch()) {
        const place = placeOf(slice);
        const end = ends.get(place);
        if (end === undefined) continue;
        await loadSchemas(source.directory, slice);
        for (const record of slice.records) if (record.offset < end) hooks.visit(record);
        hooks.moved?.(Math.min(slice.nextOffset, end) - (positions.get(place) ?? 0));
        positions.set(place, slice.nextOffset);
        if (slice.nextOffset < end) continue;
        ends.delete(place);
        reader.pause([slice]);
      }
    }
  } finally {
    await reader.close();
  }
  return bounds;
}

/** One partition, pulled a record at a time, up to where it ended when the cursor was opened. */
export class PartitionCursor {
  readonly #source: Source;
  readonly #reader: LogReader;
  readonly #end: number;
  #records: readonly LogRecord[] = [];
  #next = 0;
  #fetchedTo: number;

  private constructor(source: Source, reader: LogReader, bounds: OffsetBounds) {
    this.#source = source;
    this.#reader = reader;
    this.#end = bounds.end;
    this.#fetchedTo = bounds.start;
  }

  static async open(source: Source, place: TopicPartition, from?: number): Promise<PartitionCursor> {
    const [found] = await source.log.bounds([place]);
    const bounds = { ...place, start: from ?? found?.start ?? 0, end: found?.end ?? 0 };
    return new PartitionCursor(source, await openReader(source, [bounds]), bounds);
  }

  /** The next record without taking it; null at the end. */
  async peek(): Promise<LogRecord | null> {
    while (this.#next >= this.#records.length) {
      if (this.#fetchedTo >= this.#end) return null;
      await this.#fetch();
    }
    const record = this.#records[this.#next];
    return record === undefined || record.offset >= this.#end ? null : record;
  }

  async take(): Promise<LogRecord | null> {
    const record = await this.peek();
    if (record !== null) this.#next += 1;
    return record;
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  async #fetch(): Promise<void> {
    this.#source.signal.throwIfAborted();
    this.#records = [];
    this.#next = 0;
    for (const slice of await this.#reader.fetch()) {
      await loadSchemas(this.#source.directory, slice);
      this.#records = slice.records;
      this.#fetchedTo = slice.nextOffset;
    }
  }
}

/** The record at one place, or null where there is none (compacted, or never written). */
export async function recordAt(
  source: Source,
  place: TopicPartition & { readonly offset: number },
): Promise<LogRecord | null> {
  const cursor = await PartitionCursor.open(
    source,
    { topic: place.topic, partition: place.partition },
    place.offset,
  );
  try {
    const record = await cursor.peek();
    return record?.offset === place.offset ? record : null;
  } finally {
    await cursor.close();
  }
}

export async function partitionsOf(log: Log, topics: readonly string[]): Promise<readonly TopicPartition[]> {
  const counts = await Promise.all(topics.map((topic) => log.partitionCount(topic)));
  return topics.flatMap((topic, index) =>
    Array.from({ length: counts[index] ?? 0 }, (_, partition) => ({ topic, partition })),
  );
}

export function decode<N extends RecordName>(
  directory: SchemaDirectory,
  name: N,
  record: LogRecord,
): Decoded<N> {
  return decodeFramed(name, record.value ?? Buffer.alloc(0), (id) => directory.writerSchema(id));
}

export function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

function openReader(source: Source, bounds: readonly OffsetBounds[]): Promise<LogReader> {
  const positions = bounds.map(({ topic, partition, start }) => ({ topic, partition, offset: start }));
  return source.log.reader({ positions, fetchBytesMax, partitionBytesMax, fetchWaitMs });
}

/** Ids of records are few; one that the registry does not know stays unreadable for the visitor. */
async function loadSchemas(directory: SchemaDirectory, slice: FetchedSlice): Promise<void> {
  let last: number | undefined;
  for (const { value } of slice.records) {
    const id = value === null ? undefined : frameId(value);
    if (id === undefined || id === last) continue;
    last = id;
    if (directory.writerSchema(id) === undefined) await directory.load(id);
  }
}
