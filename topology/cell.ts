/**
 * A cell is one partition of a task: its state, its place in the chain of steps, and what a step of it writes.
 *
 * Boundary: pure but for its own state; reading and committing belong to the task.
 *
 * Invariants:
 *  1. State moves with every step that is evaluated, before its transaction has committed. Whoever fails to commit one
 *     throws the whole task away, so nothing is built on what did not happen.
 *  2. Outputs, state, refusals, dead letters, checkpoint and step record of a step are returned together, in this order.
 */
import { encodeFramed } from '../schemas/codec.ts';
import type { Checkpoint } from '../schemas/generated/checkpoint.ts';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import { AdmissionWindow } from './admission-window.ts';
import { checkpointRecord, stateForm, stateRecords } from './changelog.ts';
import { outputHeaders } from './cloud-events.ts';
import { NO_DIGEST } from './digest.ts';
import { Intake } from './intake.ts';
import { DEDUP_HORIZON_MS, LIMITS } from './limits.ts';
import type { Log, OutgoingRecord } from './log.ts';
import type { AnyProcessor } from './processor.ts';
import { changelogOf } from './restore.ts';
import { type Batch, evaluateStep, type Progress, type StepResult, type TaskState } from './step.ts';
import { Store } from './store.ts';
import { serviceTopics } from './topics.ts';

/** What a checkpoint says of the inputs besides offsets. */
export interface InputIdentity {
  readonly clusterId: string;
  readonly topicIds: ReadonlyMap<string, string>;
}

export type CellPositions = readonly { readonly topic: string; readonly offset: number }[];

export class Cell {
  readonly state: TaskState;
  readonly #inputs: InputIdentity;
  #progress: Progress;

  constructor(state: TaskState, saved: Checkpoint | null, inputs: InputIdentity) {
    this.state = state;
    this.#inputs = inputs;
    this.#progress = {
      step: saved?.step ?? 0,
      digest: saved?.digest ?? NO_DIGEST,
      streamTime: saved?.streamTime ?? null,
    };
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** Takes one step: `positions` is where the inputs stand after the batch. Returns it with the records to commit. */
  take(
    batch: Batch,
    positions: CellPositions,
  ): { readonly result: StepResult; readonly records: readonly OutgoingRecord[] } {
    const result = evaluateStep(this.state, this.#progress, batch);
    const records = this.#records(result, positions);
    this.state.store.commit();
    this.#progress = result.progress;
    return { result, records };
  }

  #records(result: StepResult, positions: CellPositions): readonly OutgoingRecord[] {
    const { partition, directory, processor, store } = this.state;
    const place = changelogOf(this.state);
    const headers = outputHeaders(processor.service, result.step);
    const outputs = result.written.map(({ topic, record, key, value }, index): OutgoingRecord => {
      const written = headers(record, index);
      return { topic, partition, key, value, headers: written.headers, sharedHeaders: written.sharedHeaders };
    });
    const { clusterId, topicIds } = this.#inputs;
    const checkpoint: Checkpoint = {
      clusterId,
      positions: positions.map(({ topic, offset }) => {
        return { topic, offset, topicId: topicIds.get(topic) ?? null };
      }),
      ...result.progress,
    };
    return [
      ...outputs,
      ...stateRecords(place, store.changes(), result.blocks),
      checkpointRecord(place, checkpoint),
      {
        topic: serviceTopics(processor.service).steps,
        partition,
        key: null,
        value: encodeFramed('Step', result.step, directory.idOf('Step')),
      },
    ];
  }
}

export interface CellOptions {
  readonly log: Log;
  readonly directory: SchemaDirectory;
  readonly processor: AnyProcessor;
  readonly partition: number;
  /** How many values of state are held decoded; as many as a task of one partition when absent. */
  readonly decodedMax?: number | undefined;
}

/** Empty state of a partition, ready to be restored or replayed into. */
export async function newTaskState({
  log,
  directory,
  processor,
  partition,
  decodedMax = LIMITS.decodedMax,
}: CellOptions): Promise<TaskState> {
  const window = new AdmissionWindow(DEDUP_HORIZON_MS);
  const partitions = await log.partitionCount(processor.inputs[0] ?? 'clock-ticks');
  return {
    processor,
    partition,
    directory,
    window,
    store: new Store(processor.tables, stateForm(directory), decodedMax),
    intake: new Intake({ directory, partitions, window }),
  };
}
