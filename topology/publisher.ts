/**
 * Job: publish records from outside the processors: facts one by one, reference data and ticks as one copy to every
 * partition. The gateway, the command line, the ticker and the load generator all write through here.
 *
 * Boundary: knows topics and schemas, and neither HTTP nor a clock. Whether a record is acceptable was decided before.
 *
 * Invariants:
 *  1. A promise resolves only after the broker acknowledged every record of the call.
 *  2. All copies of one call are written in one transaction, so no partition sees a version that another does not.
 *  3. Copies are written one call after the other; after any error the transactor is thrown away.
 *  4. After `close` nothing is taken, and everything taken before is decided.
 */
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import { type Log, LogError, type OutgoingRecord, type Transactor } from './log.ts';
import {
  type Framing,
  identityOf,
  outgoingRecords,
  type Publication,
  type PublishedTopic,
} from './publication.ts';
import { BATCH_LIMITS, type BatchLimits, checkSizes, PublishBatches } from './publish-batches.ts';
import { PublishError, publishErrorOf } from './publish-error.ts';
import { TOPICS } from './topics.ts';

export interface PublisherOptions {
  readonly log: Log;
  readonly directory: SchemaDirectory;
  /** Beginning of `ce_source`, for instance `/outcome-ledger/gateway`. */
  readonly source: string;
  /** Under which copies are written. Two publishers that use the same id at once fence each other. */
  readonly transactionalId: string;
  /** `held`: whoever opens the id later stops us (the ticker). `per_call`: several may take turns (gateways). */
  readonly transactor: 'held' | 'per_call';
  readonly limits?: Partial<BatchLimits>;
}

/** Where a record went. Copies have no single place: `partition` and `offset` are null and `copies` says how many. */
export interface Published {
  readonly id: string;
  readonly topic: PublishedTopic;
  readonly partition: number | null;
  readonly offset: number | null;
  readonly copies: number;
}

/** One call of `publishCopies` writes at most this many publications, so that it fits into one transaction. */
const COPIES_MAX = 500;
const TRANSACTION_TIMEOUT_MS = 15_000;

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #limits: BatchLimits;
  readonly #partitions: number;
  readonly #batches: PublishBatches;
  #transactor: Transactor | null = null;
  #copying: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(options: PublisherOptions, partitions: number) {
    this.#options = options;
    this.#partitions = partitions;
    this.#limits = { ...BATCH_LIMITS, ...options.limits };
    this.#batches = new PublishBatches(options.log, this.#limits);
  }

  /** Checks that the topics exist and are co-partitioned before anything is taken. */
  static async open(options: PublisherOptions): Promise<Publisher> {
    const partitions = await options.log.partitionCount('usage-events');
    const ticks = await options.log.partitionCount('clock-ticks');
    if (ticks !== partitions) {
      const message = `usage-events has ${partitions} partitions and clock-ticks ${ticks}; they must be equal`;
      throw new LogError('fatal', 'NOT_CO_PARTITIONED', message);
    }
    return new Publisher(options, partitions);
  }

  /** Records that wait or are under way; the gauge behind the back-pressure. */
  get held(): number {
    return this.#batches.held;
  }

  /** Appends facts; the answer keeps the order of the call. */
  async publish(publications: readonly Publication[]): Promise<readonly Published[]> {
    this.#checkOpen();
    const records = publications.flatMap((publication) => this.#recordsOf(publication));
    if (records.length !== publications.length) {
      throw new TypeError('reference data is published with publishCopies');
    }
    const places = await this.#batches.add(records);
    return publications.map((publication, index) => ({
      id: identityOf(publication).id,
      topic: publication.topic,
      partition: places[index]?.partition ?? null,
      offset: places[index]?.offset ?? null,
      copies: 1,
    }));
  }

  /** Writes one copy of each publication to every partition, all in one transaction. */
  async publishCopies(publications: readonly Publication[]): Promise<readonly Published[]> {
    this.#checkOpen();
    if (publications.length > COPIES_MAX) {
      const message = `${publications.length} records of reference data at once; the most is ${COPIES_MAX}`;
      throw new PublishError('record_too_large', message);
    }
    const records = publications.flatMap((publication) => this.#recordsOf(publication));
    checkSizes(records, this.#limits.recordBytesMax);
    await this.#inTurn(() => this.#commit(records));
    return publications.map((publication) => ({
      id: identityOf(publication).id,
      topic: publication.topic,
      partition: null,
      offset: null,
      copies: this.#partitions,
    }));
  }

  /** Opens the transactor ahead of its first use, which fences every other holder of the id. */
  async acquire(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#discard();
      this.#transactor = await this.#open().catch(rethrow);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#batches.drained();
    await this.#inTurn(() => this.#discard());
  }

  #recordsOf(publication: Publication): readonly OutgoingRecord[] {
    const { directory, source } = this.#options;
    const schemaId = directory.idOf(TOPICS[publication.topic].record);
    const framing: Framing = { source, partitions: this.#partitions, schemaId };
    return outgoingRecords(publication, framing);
  }

  async #commit(records: readonly OutgoingRecord[]): Promise<void> {
    try {
      this.#transactor ??= await this.#open();
      await this.#transactor.commit({ records, groupPositions: null });
      if (this.#options.transactor === 'per_call') await this.#discard();
    } catch (error) {
      await this.#discard();
      throw publishErrorOf(error);
    }
  }

  async #open(): Promise<Transactor> {
    return this.#options.log.transactor(this.#options.transactionalId, { timeoutMs: TRANSACTION_TIMEOUT_MS });
  }

  async #discard(): Promise<void> {
    const transactor = this.#transactor;
    this.#transactor = null;
    await transactor?.close().catch(() => undefined);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#copying.then(work);
    this.#copying = turn.catch(() => undefined);
    return turn;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new PublishError('closed', 'this publisher is shutting down');
  }
}

function rethrow(error: unknown): never {
  throw publishErrorOf(error);
}
