/** Reads what was committed to a topic, from its start to its end, and decodes it. Knows the log port and nothing else. */
import { type Decoded, decodeFramed } from '../../../schemas/codec.ts';
import type { RecordName, RecordTypes } from '../../../schemas/generated/record-types.ts';
import type { SchemaDirectory } from '../../../schemas/schema-directory.ts';
import type { Log, LogRecord } from '../../../topology/log.ts';

export interface Book {
  readonly log: Log;
  readonly directory: SchemaDirectory;
}

const ALL_BYTES = 1 << 30;

export async function readTopic(book: Book, topic: string): Promise<readonly LogRecord[]> {
  const { log } = book;
  const count = await log.partitionCount(topic);
  const places = Array.from({ length: count }, (_, partition) => ({ topic, partition, offset: 0 }));
  const ends = new Map((await log.bounds(places)).map(({ partition, end }) => [partition, end]));
  const reader = await log.reader({
    positions: places,
    fetchBytesMax: ALL_BYTES,
    partitionBytesMax: ALL_BYTES,
    fetchWaitMs: 0,
  });
  const records: LogRecord[] = [];
  while ([...ends.values()].some((end) => end > 0)) {
    for (const slice of await reader.fetch()) {
      for (const record of slice.records) records.push(record);
      if (slice.nextOffset >= (ends.get(slice.partition) ?? 0)) ends.set(slice.partition, 0);
    }
  }
  await reader.close();
  return records;
}

export async function readValues<N extends RecordName>(
  book: Book,
  topic: string,
  name: N,
): Promise<readonly RecordTypes[N][]> {
  return (await readTopic(book, topic)).map(({ value, offset, partition }) => {
    const decoded = decodeValue(book, name, value);
    if (decoded?.ok === true) return decoded.value;
    throw new Error(`${topic}/${partition}@${offset} is no ${name}`);
  });
}

export function decodeValue<N extends RecordName>(
  { directory }: Pick<Book, 'directory'>,
  name: N,
  value: Buffer | null,
): Decoded<N> | null {
  return value === null ? null : decodeFramed(name, value, (id) => directory.writerSchema(id));
}
