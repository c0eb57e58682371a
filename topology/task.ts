/**
 * A task is one service on the partitions that one process has of it: a lock, a reader, and a cell for each partition.
 *
 * Job: acquire, then turn what has arrived into one step of each cell that has any, and commit these steps in one
 * transaction (decisions/0008).
 *
 * Invariants:
 *  1. Transactions never overlap and are committed in the order of their steps; the next steps may be evaluated while
 *     the transaction before them is being committed, and several of one cell may share a transaction.
 *  2. After any error the task object is thrown away; a new one acquires and reads everything back.
 */
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import { Cell, newTaskState } from './cell.ts';
import { Inbox } from './inbox.ts';
import type { Limits } from './limits.ts';
import type { Share } from './lock.ts';
import type { Log, OutgoingRecord, Position, Tenure } from './log.ts';
import type { AnyProcessor } from './processor.ts';
import { type Acquired, acquire, closeCaches } from './restore.ts';
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

/** Steps that were evaluated and are to be committed together. */
export interface PreparedSteps {
  readonly results: readonly StepResult[];
  readonly records: readonly OutgoingRecord[];
  /** The same records by partition, for what is kept of each. */
  readonly byPartition: ReadonlyMap<number, readonly OutgoingRecord[]>;
  /** Of all cells, after these steps. */
  readonly positions: readonly Position[];
}

export class Task {
  readonly inbox: Inbox;
  /** One for each partition of the share, in its order. */
  readonly cells: readonly Cell[];
  readonly #options: TaskOptions;
  readonly #acquired: Acquired;
  #publishedAt = Number.NEGATIVE_INFINITY;
  #owesPositions: boolean;

  private constructor(
    options: TaskOptions,
    own: { readonly acquired: Acquired; readonly cells: readonly Cell[]; readonly inbox: Inbox },
  ) {
    this.#options = options;
    this.#acquired = own.acquired;
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

  /** Takes what waits in the inbox and evaluates it; null when nothing was waiting. */
  async prepare(): Promise<PreparedSteps | null> {
    const taken = this.inbox.take();
    if (taken.size === 0) return null;
    const results: StepResult[] = [];
    const records: OutgoingRecord[] = [];
    const byPartition = new Map<number, readonly OutgoingRecord[]>();
    for (const cell of this.cells) {
      const { partition, directory } = cell.state;
      const slices = taken.get(partition);
      if (slices === undefined) continue;
      const held = await resolveSchemas(directory, slices, this.limits);
      const step = cell.take({ slices, held }, this.inbox.positions(partition));
      results.push(step.result);
      for (const record of step.records) records.push(record);
      byPartition.set(partition, step.records);
    }
    return { results, records, byPartition, positions: this.#positions() };
  }

  /** Commits what was prepared, in the order of `prepare`, in one transaction; calls never overlap. */
  async commit(prepared: readonly PreparedSteps[]): Promise<void> {
    const records = prepared.flatMap((steps) => steps.records);
    const groupPositions = this.#positionsDue() ? this.#published(prepared.at(-1)?.positions ?? []) : null;
    const written = await this.#acquired.transactor.commit({ records, groupPositions });
    for (const { cache, state } of this.#acquired.restored) {
      const ofCell = prepared.flatMap((steps) => steps.byPartition.get(state.partition) ?? []);
      cache?.committed(ofCell, written);
    }
  }

  /** Prepares and commits what is waiting; returns the steps, none when nothing was waiting. */
  async step(): Promise<readonly StepResult[]> {
    const prepared = await this.prepare();
    if (prepared === null) return [];
    await this.commit([prepared]);
    return prepared.results;
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
