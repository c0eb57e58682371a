/**
 * A task is one service on the partitions that one process has of it: a lock, a reader, and a cell for each partition.
 *
 * Job: acquire, then turn what has arrived into one step of each cell that has any, and commit these steps in one
 * transaction (decisions/0008).
 *
 * Invariants:
 *  1. Transactions never overlap and are committed in the order of their steps; the next steps may be evaluated while
 *     the transaction before them is being committed.
 *  2. After any error the task object is thrown away; a new one acquires and reads everything back.
 */
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import { Cell, newTaskState } from './cell.ts';
import { Inbox } from './inbox.ts';
import type { Limits } from './limits.ts';
import type { Share } from './lock.ts';
import type { Log, Position, Tenure } from './log.ts';
import type { AnyProcessor } from './processor.ts';
import { type Acquired, acquire, closeCaches } from './restore.ts';
import type { StateCache } from './state-cache.ts';
import type { StateCaches } from './state-cache-folder.ts';
import type { StepResult } from './step.ts';
import { resolveSchemas } from './writer-schemas.ts';

export interface TaskOptions {
  readonly log: Log;
  readonly directory: SchemaDirectory;
  readonly limits: Limits;
  readonly processor: AnyProcessor;
  readonly share: Share;
  /** Where the state is kept on this machine as well; absent: nowhere. */
  readonly caches?: StateCaches | undefined;
  /** What this process held of the share before; absent: whoever has it is fenced. */
  readonly tenure?: Tenure | undefined;
}

/** Steps that were evaluated, one of each cell that had any, and are to be committed together. */
export interface SealedSteps {
  readonly steps: readonly StepResult[];
  /** Of all cells, after these steps. */
  readonly positions: readonly Position[];
}

export class Task {
  readonly inbox: Inbox;
  /** One for each partition of the share, in its order. */
  readonly cells: readonly Cell[];
  readonly #options: TaskOptions;
  readonly #acquired: Acquired;
  readonly #caches: ReadonlyMap<number, StateCache | null>;
  #publishedAt = Number.NEGATIVE_INFINITY;
  #owesPositions: boolean;

  private constructor(
    options: TaskOptions,
    own: { readonly acquired: Acquired; readonly cells: readonly Cell[]; readonly inbox: Inbox },
  ) {
    this.#options = options;
    this.#acquired = own.acquired;
    this.#caches = new Map(own.acquired.restored.map(({ state, cache }) => [state.partition, cache]));
    this.cells = own.cells;
    this.inbox = own.inbox;
    // Whoever had the task before may have been stopped between its last step and publishing where that ended.
    this.#owesPositions = own.acquired.restored.some(({ checkpoint }) => checkpoint !== null);
  }

  static async acquire(options: TaskOptions): Promise<Task> {
    const { log, directory, limits, processor, share, caches, tenure } = options;
    const decodedMax = Math.ceil(limits.decodedMax / share.partitions.length);
    const states = await Promise.all(
      share.partitions.map((partition) => newTaskState({ log, directory, processor, partition, decodedMax })),
    );
    const acquired = await acquire({ log, limits, lock: share.lock, states, caches, tenure });
    const { fetchBytesMax, partitionBytesMax, fetchWaitMs } = limits;
    const positions = acquired.restored.flatMap((restored) => restored.positions);
    const reader = await log
      .reader({ positions, fetchBytesMax, partitionBytesMax, fetchWaitMs })
      .catch(async (error: unknown) => {
        await closeCaches(acquired.restored);
        await acquired.transactor.close();
        throw error;
      });
    const cells = acquired.restored.map(({ state, checkpoint }) => new Cell(state, checkpoint, acquired));
    return new Task(options, { acquired, cells, inbox: new Inbox(reader, positions, limits) });
  }

  get limits(): Limits {
    return this.#options.limits;
  }

  /** Takes what waits in the inbox into the steps under way; false when there was nothing that fits in. */
  async take(): Promise<boolean> {
    const taken = this.inbox.take();
    for (const cell of this.cells) {
      const { partition, directory } = cell.state;
      const slices = taken.get(partition);
      if (slices === undefined) continue;
      cell.take({ slices, held: await resolveSchemas(directory, slices, this.limits) });
    }
    return taken.size > 0;
  }

  /** Ends the steps under way; null when there are none. */
  seal(): SealedSteps | null {
    const steps = this.cells
      .map((cell) => cell.seal(this.inbox.positions(cell.state.partition)))
      .filter((step) => step !== null);
    this.inbox.endStep();
    return steps.length === 0 ? null : { steps, positions: this.#positions() };
  }

  /** Commits steps in one transaction, in the order in which they were sealed; calls never overlap. */
  async commit({ steps, positions }: SealedSteps): Promise<void> {
    const packed = steps.flatMap(({ outputs }) => outputs.packer.packs);
    const groupPositions = this.#positionsDue() ? this.#published(positions) : null;
    const written = await this.#acquired.transactor.commit({ records: [], packed, groupPositions });
    for (const { step, outputs } of steps) {
      this.#caches.get(step.partition)?.committed(outputs.packer.packs, written);
      outputs.packer.release();
    }
  }

  /** Takes, seals and commits what is waiting; returns the steps, none when nothing was waiting. */
  async step(): Promise<readonly StepResult[]> {
    await this.take();
    const sealed = this.seal();
    if (sealed === null) return [];
    await this.commit(sealed);
    return sealed.steps;
  }

  /** Whether a step was taken since positions were last published. */
  get owesPositions(): boolean {
    return this.#owesPositions;
  }

  /** Publishes positions alone, in a transaction without records. */
  async publishPositions(): Promise<void> {
    const groupPositions = this.#published(this.#positions());
    await this.#acquired.transactor.commit({ records: [], groupPositions });
    this.#owesPositions = false;
    this.#publishedAt = performance.now();
  }

  async close(): Promise<void> {
    try {
      await this.inbox.close();
    } finally {
      await closeCaches(this.#acquired.restored);
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

  #published(positions: readonly Position[]): {
    readonly group: string;
    readonly positions: readonly Position[];
  } {
    return { group: this.#options.processor.service, positions };
  }

  #positions(): readonly Position[] {
    return this.#options.share.partitions.flatMap((partition) =>
      this.inbox.positions(partition).map(({ topic, offset }) => ({ topic, partition, offset })),
    );
  }
}
