/** A log that shows one record otherwise than it was written, offsets kept: what a tampered or faulty log looks like. */
import type { ReadSource } from '../../infra/proof/read-topic.ts';
import { readValues } from '../../infra/proof/read-topic.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import type { RecordName, RecordTypes } from '../../schemas/generated/record-types.ts';
import type { FetchedSlice, Log, LogReader, LogRecord } from '../../topology/log.ts';
import { logWith } from './log-double.ts';

export interface Alteration<N extends RecordName> {
  readonly topic: string;
  readonly record: N;
  /** The first record for which this holds is altered. */
  readonly pick: (value: RecordTypes[N]) => boolean;
  /** What stands in its place; nothing drops it. */
  readonly change: (value: RecordTypes[N]) => readonly RecordTypes[N][];
}

export async function altered<N extends RecordName>(
  source: ReadSource,
  { topic, record: name, pick, change }: Alteration<N>,
): Promise<ReadSource> {
  const { directory } = source;
  const found: { target: LogRecord; value: RecordTypes[N] }[] = [];
  await readValues(source, { topic, record: name }, (value, target) => {
    if (value !== null && found.length === 0 && pick(value)) found.push({ target, value });
  });
  const [first] = found;
  if (first === undefined) throw new Error(`${topic} holds no such ${name}`);
  const { target } = first;
  const instead = change(first.value).map((value) => {
    return { ...target, value: encodeFramed(name, value, directory.idOf(name)) };
  });
  const isTarget = (record: LogRecord): boolean =>
    record.topic === topic && record.partition === target.partition && record.offset === target.offset;
  const show = (record: LogRecord): readonly LogRecord[] => (isTarget(record) ? instead : [record]);
  return { directory, log: showing(source.log, show) };
}

function showing(log: Log, show: (record: LogRecord) => readonly LogRecord[]): Log {
  const through = (slice: FetchedSlice): FetchedSlice => ({ ...slice, records: slice.records.flatMap(show) });
  return logWith(log, {
    reader: async (options): Promise<LogReader> => {
      const reader = await log.reader(options);
      return {
        fetch: async () => (await reader.fetch()).map(through),
        seek: (position) => reader.seek(position),
        pause: (partitions) => reader.pause(partitions),
        resume: (partitions) => reader.resume(partitions),
        close: () => reader.close(),
      };
    },
  });
}
