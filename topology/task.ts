/**
 * A task is one service on one partition: its state, its lock and its place in the inputs.
 *
 * Job: acquire, then turn one batch at a time into one committed transaction.
 *
 * Invariants:
 *  1. State changes become visible in memory only after the transaction that holds them committed.
 *  2. After any error the task object is thrown away; a new one acquires and reads everything back.
 *  3. Outputs, state, refusals, dead letters, checkpoint and step record travel in one transaction.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { encodeFramed } from '../schemas/codec.ts';
import type { Checkpoint } from '../schemas/generated/checkpoint.ts';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import { AdmissionWindow } from './admission-window.ts';
import { checkpointRecord, stateDecoder, stateRecords } from './changelog.ts';
import { outputHeaders } from './cloud-events.ts';
import { NO_DIGEST } from './digest.ts';
import { Inbox } from './inbox.ts';
import { Intake } from './intake.ts';
import { DEDUP_HORIZON_MS, type Limits } from './limits.ts';
import type { Log, OutgoingRecord, Position } from './log.ts';
import type { AnyProcessor } from './processor.ts';
import { type Acquired, acquire, changelogOf } from './restore.ts';
import type { StateCaches } from './state-cache-folder.ts';
import {
  type BatchSlice,
  evaluateStep,
  heldKey,
  type Progress,
  type StepResult,
  type TaskState,
} from './step.ts';
import { Store } from './store.ts';
import { serviceTopics } from './topics.ts';

const NO_SCHEMA = -1;

export interface TaskOptions {
  readonly log: Log;
  readonly directory: SchemaDirectory;
  readonly limits: Limits;
  readonly processor: AnyProcessor;
  readonly partition: number;
  /** Where the state is kept on this machine as well; absent: nowhere. */
  readonly caches?: StateCaches | undefined;
}

export class Task {
  readonly state: TaskState;
  readonly inbox: Inbox;
  readonly #options: TaskOptions;
  readonly #acquired: Acquired;
  #progress: Progress;
  #publishedAt = Number.NEGATIVE_INFINITY;
  #owesPositions: boolean;

  private constructor(options: TaskOptions, state: TaskState, own: { acquired: Acquired; inbox: Inbox }) {
    this.#options = options;
    this.state = state;
    this.#acquired = own.acquired;
    this.inbox = own.inbox;
    const saved = own.acquired.checkpoint;
    // Whoever had the task before may have been stopped between its last step and publishing where that ended.
    this.#owesPositions = saved !== null;
    this.#progress = {
      step: saved?.step ?? 0,
      digest: saved?.digest ?? NO_DIGEST,
      streamTime: saved?.streamTime ?? null,
    };
  }

  static async acquire(options: TaskOptions): Promise<Task> {
    const state = await newTaskState(options);
    const { log, limits, caches } = options;
    const acquired = await acquire({ log, limits, state, caches });
    const { fetchBytesMax, partitionBytesMax, fetchWaitMs } = options.limits;
    const { positions } = acquired;
    const reader = await options.log
      .reader({ positions, fetchBytesMax, partitionBytesMax, fetchWaitMs })
      .catch(async (error: unknown) => {
        await acquired.cache?.close();
        await acquired.transactor.close();
        throw error;
      });
    const starts = options.processor.inputs.map((topic) => ({
      topic,
      partition: options.partition,
      offset: positions.find((position) => position.topic === topic)?.offset ?? 0,
    }));
    return new Task(options, state, { acquired, inbox: new Inbox(reader, starts, options.limits) });
  }

  get limits(): Limits {
    return this.#options.limits;
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** Takes what waits in the inbox, commits it as one step, and returns null when nothing was waiting. */
  async step(): Promise<StepResult | null> {
    const slices = this.inbox.take();
    if (slices.length === 0) return null;
    const held = await this.#resolveSchemas(slices);
    const result = evaluateStep(this.state, this.#progress, { slices, held });
    const records = this.#records(result);
    const written = await this.#acquired.transactor.commit({
      records,
      groupPositions: this.#positionsDue() ? this.#groupPositions() : null,
    });
    this.#acquired.cache?.committed(records, written);
    this.state.store.commit();
    this.#progress = result.progress;
    return result;
  }

  /** Whether a step was taken since positions were last published. */
  get owesPositions(): boolean {
    return this.#owesPositions;
  }

  /** Publishes positions alone, in a transaction without records. */
  async publishPositions(): Promise<void> {
    await this.#acquired.transactor.commit({ records: [], groupPositions: this.#groupPositions() });
    this.#owesPositions = false;
    this.#publishedAt = performance.now();
  }

  async close(): Promise<void> {
    try {
      await this.inbox.close();
    } finally {
      await this.#acquired.cache?.close();
      await this.#acquired.transactor.close();
    }
  }

  /** Lag tools are served often enough; each time costs the commit a few milliseconds. */
  #positionsDue(): boolean {
    const now = performance.now();
    const isDue = now - this.#publishedAt >= this.limits.positionsIntervalMs;
    if (isDue) this.#publishedAt = now;
    this.#owesPositions = !isDue;
    return isDue;
  }

  #groupPositions(): { readonly group: string; readonly positions: readonly Position[] } {
    return { group: this.state.processor.service, positions: this.#positions() };
  }

  #positions(): readonly { readonly topic: string; readonly partition: number; readonly offset: number }[] {
    const partition = this.state.partition;
    return this.inbox.positions().map(({ topic, offset }) => ({ topic, partition, offset }));
  }

  #records(result: StepResult): readonly OutgoingRecord[] {
    const { partition, directory, processor } = this.state;
    const place = changelogOf(this.state);
    const headers = outputHeaders(processor.service, result.step);
    const outputs = result.written.map(({ topic, record, key, value }, index) => ({
      topic,
      partition,
      key,
      value,
      ...headers(record, index),
    }));
    const { clusterId, topicIds } = this.#acquired;
    const checkpoint: Checkpoint = {
      clusterId,
      positions: this.#positions().map(({ topic, offset }) => {
        return { topic, offset, topicId: topicIds.get(topic) ?? null };
      }),
      ...result.progress,
    };
    return [
      ...outputs,
      ...stateRecords(place, this.state.store.changes(), result.blocks),
      checkpointRecord(place, checkpoint),
      {
        topic: serviceTopics(processor.service).steps,
        partition,
        key: null,
        value: encodeFramed('Step', result.step, directory.idOf('Step')),
      },
    ];
  }

  /** Loads writer schemas not seen before; a record whose id stays unknown is held, and the step record says so. */
  async #resolveSchemas(slices: readonly BatchSlice[]): Promise<ReadonlySet<string>> {
    const { directory } = this.state;
    const unresolved = new Map<number, string[]>();
    let known = NO_SCHEMA;
    for (const { topic, records } of slices) {
      for (const { value, offset } of records) {
        if (value === null || value.length < 5 || value[0] !== 0) continue;
        const id = value.readUInt32BE(1);
        if (id === known) continue;
        if (directory.writerSchema(id) !== undefined) {
          known = id;
          continue;
        }
        unresolved.set(id, [...(unresolved.get(id) ?? []), heldKey(topic, offset)]);
      }
    }
    const held = new Set<string>();
    for (const [id, keys] of unresolved) {
      if ((await this.#loadSchema(id)) === 'unknown') for (const key of keys) held.add(key);
    }
    return held;
  }

  async #loadSchema(id: number): Promise<'loaded' | 'unknown'> {
    const { schemaAttemptsMax, schemaPauseMs } = this.#options.limits;
    for (let attempt = 1; attempt <= schemaAttemptsMax; attempt += 1) {
      if ((await this.state.directory.load(id)) === 'loaded') return 'loaded';
      if (attempt < schemaAttemptsMax) await pause(schemaPauseMs);
    }
    return 'unknown';
  }
}

/** Empty state of a task, ready to be restored or replayed into. */
export async function newTaskState(
  options: Pick<TaskOptions, 'log' | 'directory' | 'processor' | 'partition'>,
): Promise<TaskState> {
  const { log, directory, processor, partition } = options;
  const window = new AdmissionWindow(DEDUP_HORIZON_MS);
  const partitions = await log.partitionCount(processor.inputs[0] ?? 'clock-ticks');
  return {
    processor,
    partition,
    directory,
    window,
    store: new Store(processor.tables, stateDecoder(directory)),
    intake: new Intake({ directory, partitions, window }),
  };
}
