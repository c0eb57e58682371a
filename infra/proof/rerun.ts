/**
 * Runs the same input again, on a log in memory, with other batch sizes, another interleaving and no kill.
 *
 * Job: copy every input topic with its append times, then let the real processors work through it in a seeded random
 * order. The totals, balances and invoice amounts must come out as they did on the broker; the bytes need not.
 *
 * Invariants:
 *  1. Records of one partition keep their order; everything else (which task works next, how much it takes) is drawn.
 *  2. A clock tick is handed out only when everything appended before it has been worked off, because what a tick closes
 *     depends on it. Of the ticks in a row that fall into one quarter of an hour, all but the first count as one:
 *     periods end on quarters in every time zone.
 */

import { LIMITS } from '../../topology/limits.ts';
import { shareOf } from '../../topology/lock.ts';
import type { Log, LogRecord } from '../../topology/log.ts';
import { MemoryLog } from '../../topology/log-memory.ts';
import type { AnyProcessor } from '../../topology/processor.ts';
import { Task } from '../../topology/task.ts';
import { serviceTopics, TOPICS, type TopicName } from '../../topology/topics.ts';
import { Random } from '../main-job/random.ts';
import { type ReadSource, readRecords, readValues } from './read-topic.ts';

const TICKS = 'clock-ticks';
const QUARTER_MS = 15 * 60_000;

export interface RerunOptions {
  readonly source: ReadSource;
  readonly processors: readonly AnyProcessor[];
  readonly seed: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The memory log with everything the second run wrote. */
export async function rerun(options: RerunOptions): Promise<Log> {
  const { source, processors } = options;
  const partitions = await source.log.partitionCount(TICKS);
  const clock = { now: 0 };
  const log = new MemoryLog({ now: () => clock.now });
  await createTopics(log, processors, partitions);
  const epochs = await epochsOf(source, await inputRecords(source, processors));
  const random = new Random(options.seed);
  const tasks = await acquireAll({ ...options, log, partitions, random });
  let done = 0;
  for (const epoch of epochs) {
    for (const record of epoch) {
      clock.now = record.appendedAt;
      const { topic, partition, key, value } = record;
      await log.append([{ topic, partition, key, value }]);
    }
    await drain(tasks, random);
    done += 1;
    options.onProgress?.(done, epochs.length);
  }
  for (const task of tasks) await task.close();
  return log;
}

async function createTopics(
  log: Log,
  processors: readonly AnyProcessor[],
  partitions: number,
): Promise<void> {
  const services = processors.flatMap(({ service }) => Object.values(serviceTopics(service)));
  const names = [...Object.keys(TOPICS), ...services];
  await log.admin.createTopics(names.map((name) => ({ name, partitions, replicationFactor: 1, config: {} })));
}

/** Inputs from outside: read by some processor and written by none. */
async function inputRecords(
  source: ReadSource,
  processors: readonly AnyProcessor[],
): Promise<readonly LogRecord[]> {
  const written = new Set<TopicName>(processors.flatMap(({ outputs }) => [...outputs]));
  const outside = new Set(processors.flatMap(({ inputs }) => inputs.filter((topic) => !written.has(topic))));
  const records: LogRecord[] = [];
  for (const topic of outside) await readRecords(source, topic, (record) => void records.push(record));
  return records;
}

/** Groups records into epochs by append time; the ticks of a row are told apart as invariant 2 says. */
async function epochsOf(
  source: ReadSource,
  records: readonly LogRecord[],
): Promise<readonly (readonly LogRecord[])[]> {
  const order = (record: LogRecord): number => (record.topic === TICKS ? 1 : 0);
  const sorted = [...records].sort(
    (a, b) => a.appendedAt - b.appendedAt || order(a) - order(b) || a.offset - b.offset,
  );
  const quarters = await tickQuarters(source);
  const epochs: LogRecord[][] = [];
  let before = '';
  for (const record of sorted) {
    const kind = record.topic === TICKS ? (quarters.get(tickKey(record)) ?? '') : 'facts';
    if (kind !== before) epochs.push([]);
    before = kind;
    epochs.at(-1)?.push(record);
  }
  return epochs;
}

function tickKey(record: LogRecord): string {
  return `${record.partition}:${record.offset}`;
}

/** For each tick record its quarter of an hour, and whether its tick is the first in it. */
async function tickQuarters(source: ReadSource): Promise<ReadonlyMap<string, string>> {
  const firsts = new Map<number, number>();
  const quarters = new Map<string, string>();
  await readValues(source, { topic: TICKS, record: 'ClockTick' }, (tick, record) => {
    if (tick === null) return;
    const quarter = Math.floor(tick.time / QUARTER_MS);
    const first = firsts.get(quarter) ?? tick.sequence;
    firsts.set(quarter, first);
    quarters.set(tickKey(record), tick.sequence === first ? `first of ${quarter}` : `rest of ${quarter}`);
  });
  return quarters;
}

async function acquireAll(
  options: RerunOptions & { readonly log: Log; readonly partitions: number; readonly random: Random },
): Promise<readonly Task[]> {
  const { log, partitions, random } = options;
  const tasks: Task[] = [];
  for (const processor of options.processors) {
    for (let partition = 0; partition < partitions; partition += 1) {
      // Every task takes batches of a size of its own, from a handful of records to a few thousand.
      const limits = { ...LIMITS, stepRecordsMax: 50 + random.below(3_000), fetchWaitMs: 0 };
      const share = shareOf(processor.service, { k: partition, n: partitions }, partitions);
      tasks.push(await Task.acquire({ log, directory: options.source.directory, processor, share, limits }));
    }
  }
  return tasks;
}

/** Lets tasks work in random order until a whole round finds nothing to do. */
async function drain(tasks: readonly Task[], random: Random): Promise<void> {
  for (let isBusy = true; isBusy; ) {
    isBusy = false;
    for (const task of random.shuffle(tasks)) {
      await task.inbox.fill();
      if ((await task.step()).length > 0) isBusy = true;
    }
  }
}
