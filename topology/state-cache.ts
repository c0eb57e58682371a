/**
 * The local cache of one partition's state: the records its changelog holds, once more, in a file of this machine.
 *
 * Job: keep what committed transactions wrote, know the changelog offset up to which that is complete, and stay out of the
 * way: records are copied at the commit, and written and cleaned up while the next steps run.
 *
 * Boundary: the changelog is the truth (decisions/0009). Nothing here can fail a task: a cache that cannot be written, or not
 * fast enough, stops and says so once.
 *
 * Invariants:
 *  1. Only committed records come in: those that were read below the barrier, and those of a commit that succeeded.
 *  2. A block ends with a checkpoint and names its offset, or it counts only together with a later one that does.
 *  3. The file is at most twice what it was when it was last cleaned up, or `rewriteBytesMin` more, and beside it stands at
 *     most the one that is to replace it.
 */

import { BARRIER_KEY, CHECKPOINT_KEY, dueAtOf, isRuntimeName } from './changelog-keys.ts';
import type { CommittedAt, LogRecord, OutgoingHeader, PackedRecords } from './log.ts';
import { unpackRecords } from './record-batch-decode.ts';
import { BlockBuilder, NO_POSITION } from './state-cache-block.ts';
import { type CacheFile, type LiveRecords, liveRecords } from './state-cache-file.ts';
import { type CacheIdentity, encodeHeader } from './state-cache-header.ts';
import { CacheWriter } from './state-cache-writer.ts';

export interface CacheLimits {
  /** A block is written at this size, or this long after its first record came. */
  readonly blockBytes: number;
  readonly blockMs: number;
  /** The file is cleaned up when so much was added, and as much as was left the last time. */
  readonly rewriteBytesMin: number;
  /** With more than this waiting for a slow disk, the cache stops. */
  readonly queuedBytesMax: number;
}

export const CACHE_LIMITS: CacheLimits = {
  blockBytes: 256 * 1024,
  blockMs: 1_000,
  rewriteBytesMin: 64 * 1024 * 1024,
  queuedBytesMax: 16 * 1024 * 1024,
};

export interface CacheOptions {
  readonly path: string;
  readonly identity: CacheIdentity;
  /** Of the changelog. */
  readonly topic: string;
  readonly limits: CacheLimits;
  readonly onStopped: (reason: 'behind' | 'unwritable', error: unknown) => void;
}

export type Visit = (records: LiveRecords) => Promise<void>;

const ignore: Visit = async () => undefined;

interface Checkpointed {
  readonly position: number;
  readonly value: Buffer;
}

export class StateCache {
  readonly #options: CacheOptions;
  readonly #tail: BlockBuilder;
  #writer: CacheWriter;
  /** Offset of the checkpoint that is the last record of #tail. */
  #tailPosition = NO_POSITION;
  /** The last checkpoint that was handed to the writer or is in #tail. */
  #checkpoint: Checkpointed | null = null;
  #baseBytes = 0;
  #tailBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #rewriting: Promise<void> | null = null;
  #state: 'filling' | 'open' | 'stopped' = 'filling';

  private constructor(options: CacheOptions, tail: BlockBuilder, writer: CacheWriter) {
    this.#options = options;
    this.#tail = tail;
    this.#writer = writer;
  }

  static async create(options: CacheOptions): Promise<StateCache> {
    const tail = new BlockBuilder();
    return new StateCache(options, tail, await newWriter(options));
  }

  /** Begins with what a file holds, or with nothing; `visit` sees the records on the way. */
  async fill(from: CacheFile | null, visit: Visit = ignore): Promise<void> {
    if (from !== null) {
      this.#checkpoint = { position: from.position, value: Buffer.from(from.checkpoint) };
      await this.#copy(from.live(), visit);
    }
    try {
      await this.#seal(this.#checkpoint);
      this.#state = 'open';
    } catch (error) {
      this.#stop('unwritable', error);
    }
  }

  /** A committed record that was read back. */
  take({ key, value, headers, offset }: LogRecord): void {
    if (this.#state === 'stopped' || key === null) return;
    this.#add({ key, value, headers }, offset);
    this.#flushWhenDue();
  }

  /** What a transaction wrote, once it was committed. */
  committed(packed: readonly PackedRecords[], written: readonly CommittedAt[]): void {
    if (this.#state === 'stopped') return;
    const { topic, identity, limits } = this.#options;
    const { partition } = identity;
    const runs = written.filter((run) => run.topic === topic && run.partition === partition);
    const last = runs.at(-1);
    if (last === undefined) return;
    const lastOffset = last.firstOffset + last.count - 1;
    for (const { key, value, headers } of packed
      .filter((pack) => pack.topic === topic)
      .flatMap(unpackRecords)) {
      if (key !== null) this.#add({ key, value, headers }, lastOffset);
    }
    if (this.#writer.queuedBytes > limits.queuedBytesMax) this.#stop('behind', null);
    else this.#flushWhenDue();
  }

  /** Resolves when there is room for a whole fetch of records. */
  async room(): Promise<void> {
    if (this.#writer.queuedBytes < this.#options.limits.queuedBytesMax / 2) return;
    await this.#writer.idle().catch(() => undefined);
  }

  /** Writes what is left; a cleaning under way is given up, and what it had is found in the changelog. */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#flush();
    this.#state = 'stopped';
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#rewriting;
    await this.#writer.close();
  }

  /** `offset` counts for a checkpoint: it is the last record of its step. */
  #add(
    record: { key: Buffer; value: Buffer | null; headers: readonly OutgoingHeader[] },
    offset: number,
  ): void {
    const { key, value, headers } = record;
    if (isRuntimeName(key) && key.equals(BARRIER_KEY)) return;
    const isCheckpoint = value !== null && isRuntimeName(key) && key.equals(CHECKPOINT_KEY);
    this.#tailPosition = isCheckpoint ? offset : NO_POSITION;
    if (isCheckpoint) this.#checkpoint = { position: offset, value: Buffer.from(value) };
    this.#tail.add(key, value, headers.length === 0 ? undefined : dueAtOf(headers));
  }

  #flushWhenDue(): void {
    const { blockBytes, blockMs } = this.#options.limits;
    if (this.#tail.bytes > blockBytes) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), blockMs).unref();
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#tail.bytes === 0 || this.#state === 'stopped') return;
    if (this.#writer.failure !== null) {
      this.#stop('unwritable', this.#writer.failure);
      return;
    }
    this.#tailBytes += this.#tail.bytes;
    this.#writer.write(this.#tail.finish('tail', this.#tailPosition), this.#tail);
    const isLarge = this.#tailBytes > Math.max(this.#options.limits.rewriteBytesMin, this.#baseBytes);
    if (!isLarge || this.#state !== 'open' || this.#rewriting !== null) return;
    this.#rewriting = this.#rewrite()
      .catch((error: unknown) => this.#stop('unwritable', error))
      .finally(() => {
        this.#rewriting = null;
      });
  }

  /** A new file takes all that comes from here on, and what still counts of the old one; then it takes its name. */
  async #rewrite(): Promise<void> {
    const next = await newWriter(this.#options);
    const old = this.#writer;
    this.#flush();
    const checkpoint = this.#checkpoint;
    const places = [...old.places];
    this.#writer = next;
    this.#baseBytes = 0;
    this.#tailBytes = 0;
    try {
      await old.idle();
      await this.#copy(liveRecords(old.handle, places), ignore);
      if (this.#state === 'open') await this.#seal(checkpoint);
    } finally {
      await old.close();
    }
  }

  async #copy(live: AsyncIterable<LiveRecords>, visit: Visit): Promise<void> {
    const writer = this.#writer;
    const base = new BlockBuilder();
    const write = (): void => {
      this.#baseBytes += base.bytes;
      writer.write(base.finish('base', NO_POSITION), base);
    };
    for await (const records of live) {
      await visit(records);
      for (const at of records.starts) {
        base.addRecord(records.block, at);
        if (base.bytes > this.#options.limits.blockBytes) write();
      }
      await this.room();
      if (this.#state === 'stopped') return;
    }
    if (base.bytes > 0) write();
  }

  async #seal(checkpoint: Checkpointed | null): Promise<void> {
    const seal = new BlockBuilder();
    if (checkpoint !== null) seal.add(CHECKPOINT_KEY, checkpoint.value, undefined);
    this.#writer.write(seal.finish('seal', checkpoint?.position ?? NO_POSITION), seal);
    await this.#writer.publish();
  }

  #stop(reason: 'behind' | 'unwritable', error: unknown): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#options.onStopped(reason, error);
  }
}

function newWriter({ path, identity }: CacheOptions): Promise<CacheWriter> {
  return CacheWriter.create(path, encodeHeader(identity));
}
