/**
 * Replays a task from offset 0 along its steps and compares every output digest (Q3, L7).
 *
 * Job: read the steps topic, take exactly the ranges each step took, in that order, run the same pure step function,
 * and say where the digests part. Nothing is written.
 *
 * Invariants:
 *  1. Steps are numbered 1, 2, 3 ... without a gap, and each names the digest of the one before.
 *  2. A range that the log can no longer serve is an error, never skipped.
 */
import { decodeFramed, encodeBody } from '../schemas/codec.ts';
import type { Step } from '../schemas/generated/step.ts';
import { type CellOptions, newTaskState } from './cell.ts';
import { NO_DIGEST } from './digest.ts';
import type { Limits } from './limits.ts';
import type { LogReader, LogRecord } from './log.ts';
import { type Batch, evaluateStep, heldKey, type Progress } from './step.ts';
import { serviceTopics, type TopicName } from './topics.ts';

export interface ReplayReport {
  readonly service: string;
  readonly partition: number;
  readonly steps: number;
  readonly outputs: number;
  readonly records: number;
  /** Null when every digest came out again. */
  readonly difference: string | null;
  /** Digest of the last step: the head of the chain. */
  readonly head: string;
}

type Options = CellOptions & { readonly limits: Limits };

export async function replayTask(
  options: Options,
  onStep: (step: number) => void = () => undefined,
): Promise<ReplayReport> {
  const { processor, partition } = options;
  const state = await newTaskState({ ...options, decodedMax: options.limits.decodedMax });
  const steps = await RecordSource.open(options, serviceTopics(processor.service).steps);
  const inputs = new Map<TopicName, RecordSource>();
  for (const topic of processor.inputs) inputs.set(topic, await RecordSource.open(options, topic));
  const totals = { steps: 0, outputs: 0, records: 0 };
  let progress: Progress = { step: 0, digest: NO_DIGEST, streamTime: null };
  let difference: string | null = null;
  try {
    for await (const record of steps.all()) {
      const step = decodeStep(options, record);
      difference = misplaced(step, progress.step + 1, inputs);
      if (difference !== null) break;
      const batch = await batchOf(step, inputs);
      await loadSchemas(options, batch);
      const result = evaluateStep(state, progress, batch);
      difference = compare(step, result.step);
      if (difference !== null) break;
      state.store.commit();
      progress = result.progress;
      totals.steps += 1;
      totals.outputs += result.outputs.count;
      totals.records += batch.slices.reduce((sum, slice) => sum + slice.records.length, 0);
      onStep(totals.steps);
    }
  } finally {
    await steps.close();
    for (const source of inputs.values()) await source.close();
  }
  return {
    service: processor.service,
    partition,
    ...totals,
    difference,
    head: progress.digest.toString('hex'),
  };
}

/** What shows before anything is read: the number, and ranges that do not follow those of the steps before. */
function misplaced(
  { step, ranges }: Step,
  number: number,
  inputs: ReadonlyMap<string, RecordSource>,
): string | null {
  if (step !== number) return `step ${number} is missing: the log continues with step ${step}`;
  for (const { topic, from, to } of ranges) {
    const position = inputs.get(topic)?.position;
    if (position === undefined) return `step ${step} names ${topic}, which is no input`;
    if (position !== from || to < from) {
      return `step ${step} takes ${topic} from ${from} to ${to}, the steps before took it up to ${position}`;
    }
  }
  return null;
}

function compare(recorded: Step, replayed: Step): string | null {
  const { step } = recorded;
  if (!recorded.previousDigest.equals(replayed.previousDigest)) {
    return `step ${step} does not follow the step before`;
  }
  if (recorded.outputs !== replayed.outputs) {
    return `step ${step} wrote ${recorded.outputs} records, the replay ${replayed.outputs}`;
  }
  if (!recorded.outputDigest.equals(replayed.outputDigest)) return `the outputs of step ${step} differ`;
  const isSame = encodeBody('Step', recorded).equals(encodeBody('Step', replayed));
  return isSame ? null : `the record of step ${step} was altered`;
}

function decodeStep(options: Options, record: LogRecord): Step {
  const lookup = (id: number) => options.directory.writerSchema(id);
  const decoded = decodeFramed('Step', record.value ?? Buffer.alloc(0), lookup);
  if (decoded.ok) return decoded.value;
  throw new Error(`step at ${record.topic}/${record.partition}@${record.offset}: ${decoded.message}`);
}

async function batchOf(step: Step, inputs: ReadonlyMap<TopicName, RecordSource>): Promise<Batch> {
  const slices = [];
  for (const { topic, from, to } of step.ranges) {
    for (const [name, source] of inputs) {
      if (name !== topic) continue;
      if (to > source.end) {
        throw new Error(`step ${step.step} takes ${topic} up to ${to}, the log ends at ${source.end}`);
      }
      slices.push({ topic: name, from, to, records: await source.until(to) });
    }
  }
  return { slices, held: new Set(step.held.map(({ topic, offset }) => heldKey(topic, offset))) };
}

async function loadSchemas(options: Options, batch: Batch): Promise<void> {
  for (const { records } of batch.slices) {
    for (const { value } of records) {
      if (value === null || value.length < 5 || value[0] !== 0) continue;
      const id = value.readUInt32BE(1);
      if (options.directory.writerSchema(id) === undefined) await options.directory.load(id);
    }
  }
}

/** Reads one partition from its start, in order, as far as it is asked to. */
class RecordSource {
  readonly #reader: LogReader;
  /** Where the log ended when it was opened. */
  readonly end: number;
  /** Up to where records were handed out. */
  position = 0;
  #waiting: LogRecord[] = [];
  #next = 0;
  #fetched = 0;

  private constructor(reader: LogReader, end: number) {
    this.#reader = reader;
    this.end = end;
  }

  static async open(options: Options, topic: string): Promise<RecordSource> {
    const { log, limits, partition } = options;
    const [bounds] = await log.bounds([{ topic, partition }]);
    if ((bounds?.start ?? 0) > 0)
      throw new Error(`${topic}/${partition} no longer starts at 0: cannot replay`);
    const { fetchBytesMax, fetchWaitMs } = limits;
    const positions = [{ topic, partition, offset: 0 }];
    const reader = await log.reader({
      positions,
      fetchBytesMax,
      partitionBytesMax: fetchBytesMax,
      fetchWaitMs,
    });
    return new RecordSource(reader, bounds?.end ?? 0);
  }

  async until(to: number): Promise<readonly LogRecord[]> {
    const taken: LogRecord[] = [];
    this.position = to;
    for (;;) {
      while (this.#next < this.#waiting.length) {
        const record = this.#waiting[this.#next];
        if (record === undefined || record.offset >= to) return taken;
        taken.push(record);
        this.#next += 1;
      }
      if (this.#fetched >= to) return taken;
      await this.#fetch();
    }
  }

  async *all(): AsyncGenerator<LogRecord> {
    while (this.#next < this.#waiting.length || this.#fetched < this.end) {
      const record = this.#waiting[this.#next];
      if (record === undefined) {
        await this.#fetch();
        continue;
      }
      this.#next += 1;
      yield record;
    }
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  async #fetch(): Promise<void> {
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    for (const slice of await this.#reader.fetch()) {
      for (const record of slice.records) this.#waiting.push(record);
      this.#fetched = slice.nextOffset;
    }
  }
}
