/**
 * A log of which one partition was rewritten on disk, byte for byte as somebody wanted it.
 *
 * Boundary: beneath Avro and above the port: the records of the partition go in, other records come out, in offset
 * order. Nothing else of the log changes.
 */
import { readRecords } from '../../infra/proof/read-topic.ts';
import type { FetchedSlice, Log, LogReader, LogRecord, TopicPartition } from '../../topology/log.ts';
import { logWith } from './log-double.ts';

export interface Rewritten extends TopicPartition {
  readonly records: readonly LogRecord[];
  /** Where the partition now ends; where it did when left out. */
  readonly end?: number;
}

export async function recordsOf(
  log: Log,
  { topic, partition }: TopicPartition,
): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  await readRecords({ log }, topic, (record) => {
    if (record.partition === partition) records.push(record);
  });
  return records;
}

export function rewritten(
  log: Log,
  { topic, partition, records, end = Number.POSITIVE_INFINITY }: Rewritten,
): Log {
  const isIt = (place: TopicPartition): boolean => place.topic === topic && place.partition === partition;
  return logWith(log, {
    bounds: async (places) =>
      (await log.bounds(places)).map((each) => (isIt(each) ? { ...each, end: end ?? each.end } : each)),
    reader: async (options): Promise<LogReader> => {
      const reader = await log.reader(options);
      const [honest] = await log.bounds([{ topic, partition }]);
      let position = options.positions.find(isIt)?.offset ?? 0;
      const through = (slice: FetchedSlice): FetchedSlice => {
        if (!isIt(slice)) return slice;
        const from = position;
        const isLast = slice.nextOffset === honest?.end;
        position = isLast ? (end ?? slice.nextOffset) : slice.nextOffset;
        const taken = records.filter(({ offset }) => from <= offset && offset < position);
        return { ...slice, records: taken, nextOffset: position };
      };
      return {
        fetch: async () => (await reader.fetch()).map(through),
        seek: (place) => reader.seek(place),
        pause: (partitions) => reader.pause(partitions),
        resume: (partitions) => reader.resume(partitions),
        close: () => reader.close(),
      };
    },
  });
}
