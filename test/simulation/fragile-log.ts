/**
 * The log as one actor sees it: every call parks before and after, so that the actor can die, freeze or be overtaken
 * there, and every commit is watched.
 *
 * Invariants:
 *  1. A commit that succeeds for a transactor other than the last one opened under its id, or under that of a rival, is a
 *     violation.
 *  2. Nothing is changed on the way: records and positions are those of the log below.
 */
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import { RegistryUnreachable } from '../../schemas/schema-directory.ts';
import type { WriterSchema } from '../../schemas/writer-schema.ts';
import type {
  CommittedAt,
  FetchedSlice,
  Log,
  LogReader,
  Position,
  ReaderOptions,
  TopicPartition,
  TransactionBatch,
  Transactor,
  TransactorOptions,
} from '../../topology/log.ts';
import { logWith } from '../support/log-double.ts';
import type { Chaos } from './chaos.ts';
import type { Actor } from './scheduler.ts';

/** Who holds each transactional id, by the order of opening; nobody where it was fenced as a rival. Shared by all actors. */
export class Fence {
  readonly #owners = new Map<string, Transactor | null>();
  readonly violations: string[] = [];
  refused = 0;

  opened(transactor: Transactor, rivals: readonly string[]): void {
    this.#owners.set(transactor.transactionalId, transactor);
    for (const rival of rivals) this.#owners.set(rival, null);
  }

  committed(transactor: Transactor): void {
    if (this.#owners.get(transactor.transactionalId) === transactor) return;
    this.violations.push(`R4 ${transactor.transactionalId}: a former owner has committed`);
  }
}

interface Sight {
  readonly actor: Actor;
  readonly chaos: Chaos;
  readonly fence: Fence;
  /** The last fetch was disturbed, so that nothing fetched does not mean nothing there. */
  isDisturbed: boolean;
}

export function fragileLog(inner: Log, sight: Sight): Log {
  const { actor, chaos, fence } = sight;
  return logWith(inner, {
    async bounds(partitions: readonly TopicPartition[]) {
      await actor.park('bounds');
      chaos.askBroker('bounds');
      return inner.bounds(partitions);
    },
    async reader(options: ReaderOptions) {
      await actor.park('reader');
      return new FragileReader(await inner.reader(options), sight);
    },
    async transactor(transactionalId: string, options: TransactorOptions) {
      await actor.park('open');
      const opened = await inner.transactor(transactionalId, options);
      fence.opened(opened, options.rivals ?? []);
      await actor.park('opened');
      return new FragileTransactor(opened, sight);
    },
  });
}

class FragileTransactor implements Transactor {
  readonly transactionalId: string;
  readonly #inner: Transactor;
  readonly #sight: Sight;

  constructor(inner: Transactor, sight: Sight) {
    this.transactionalId = inner.transactionalId;
    this.#inner = inner;
    this.#sight = sight;
  }

  /** The memory log parks once more between the writes of the transaction and its end (`written`). */
  async commit(batch: TransactionBatch): Promise<readonly CommittedAt[]> {
    const { actor, fence } = this.#sight;
    await actor.park('commit');
    const written = await this.#inner.commit(batch);
    fence.committed(this.#inner);
    await actor.park('committed');
    return written;
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }
}

class FragileReader implements LogReader {
  readonly #inner: LogReader;
  readonly #sight: Sight;

  constructor(inner: LogReader, sight: Sight) {
    this.#inner = inner;
    this.#sight = sight;
  }

  async fetch(): Promise<readonly FetchedSlice[]> {
    const { actor, chaos } = this.#sight;
    await actor.park('fetch');
    const before = chaos.counts.get('fetch: short') + chaos.counts.get('fetch: empty');
    const slices = await this.#inner.fetch();
    this.#sight.isDisturbed = chaos.counts.get('fetch: short') + chaos.counts.get('fetch: empty') > before;
    if (slices.length > 0) await actor.park('fetched');
    return slices;
  }

  seek(position: Position): void {
    this.#inner.seek(position);
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#inner.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#inner.resume(partitions);
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }
}

/** Own schemas are known; those of other writers each life loads for itself, as a new process must. */
export class FragileDirectory implements SchemaDirectory {
  readonly #inner: SchemaDirectory;
  readonly #foreign: ReadonlySet<number>;
  readonly #loaded = new Set<number>();
  readonly #sight: Sight;

  constructor(inner: SchemaDirectory, foreign: ReadonlySet<number>, sight: Sight) {
    this.#inner = inner;
    this.#foreign = foreign;
    this.#sight = sight;
  }

  idOf(...args: Parameters<SchemaDirectory['idOf']>): number {
    return this.#inner.idOf(...args);
  }

  writerSchema(id: number): WriterSchema | undefined {
    return this.#foreign.has(id) && !this.#loaded.has(id) ? undefined : this.#inner.writerSchema(id);
  }

  async load(id: number): Promise<'loaded' | 'unknown'> {
    const { actor, chaos } = this.#sight;
    await actor.park('schema');
    if (chaos.tries('broker', 60)) throw new RegistryUnreachable('INJECTED: no answer of the registry');
    this.#loaded.add(id);
    return this.#inner.load(id);
  }
}
