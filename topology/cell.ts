/**
 * A cell is one partition of a task: its state, its place in the chain of steps, and what a step of it writes.
 *
 * Boundary: pure but for its own state; reading and committing belong to the task.
 *
 * Invariants:
 *  1. State moves with every step that is evaluated, before its transaction has committed. Whoever fails to commit one
 *     throws the whole task away, so nothing is built on what did not happen.
 *  2. Outputs, refusals and dead letters, state, checkpoint and step record of a step are returned together, in this order.
 */
import type { Checkpoint } from '../schemas/generated/checkpoint.ts';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import { AdmissionWindow } from './admission-window.ts';
import { packCheckpoint, packState, stateForm } from './changelog.ts';
import { NO_DIGEST } from './digest.ts';
import { Intake } from './intake.ts';
import { DEDUP_HORIZON_MS, LIMITS } from './limits.ts';
import type { Log } from './log.ts';
import type { AnyProcessor } from './processor.ts';
import type { PackMemory } from './record-pack.ts';
import { changelogOf } from './restore.ts';
import { type Batch, OpenStep, type Progress, type StepResult, type TaskState } from './step.ts';
import { packFramed } from './step-outputs.ts';
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
  readonly #memory: PackMemory = new Map();
  #progress: Progress;
  #step: OpenStep | null = null;

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

  /** Takes a batch into the step under way, or begins one with it. */
  take(batch: Batch): void {
    this.#step ??= new OpenStep(this.state, this.#progress, this.#memory);
    this.#step.take(batch);
  }

  /**
   * Ends the step under way: `positions` is where the inputs stand after it. Everything that its transaction is to hold is
   * then in the packs of its outputs. Null when there is none.
   */
  seal(positions: CellPositions): StepResult | null {
    if (this.#step === null) return null;
    const result = this.#step.seal();
    this.#step = null;
    this.#addState(result, positions);
    this.state.store.commit();
    this.#progress = result.progress;
    return result;
  }

  #addState({ outputs, progress, blocks, step }: StepResult, positions: CellPositions): void {
    const { partition, directory, processor, store } = this.state;
    const { packer } = outputs;
    const place = changelogOf(this.state);
    const { clusterId, topicIds } = this.#inputs;
    packState(packer, place, { changes: store.changes(), blocks });
    packCheckpoint(packer, place, {
      clusterId,
      positions: positions.map(({ topic, offset }) => {
        return { topic, offset, topicId: topicIds.get(topic) ?? null };
      }),
      ...progress,
    });
    packFramed(packer, {
      topic: serviceTopics(processor.service).steps,
      partition,
      key: null,
      name: 'Step',
      value: step,
      schemaId: directory.idOf('Step'),
    });
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
    intake: new Intake({ directory, partitions, window, reads: processor.reads }),
  };
}
