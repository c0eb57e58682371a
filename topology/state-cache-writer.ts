/**
 * A file of the local cache that is being written: blocks go to its end, in the background and in order.
 *
 * Invariants:
 *  1. It has a name of its own until `publish` lets it take the place of the file before; nobody else ever writes to it.
 *     So an owner that was replaced and wakes up writes to a file that no one reads.
 *  2. What fails is told by `idle` and by `failure`, and nothing is written afterwards.
 */

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { type BlockBuilder, blockHead } from './state-cache-block.ts';
import type { BlockPlace } from './state-cache-file.ts';

export const DRAFT_SUFFIX = '.new';

interface Queued {
  readonly block: Buffer<ArrayBuffer>;
  readonly builder: BlockBuilder;
}

export class CacheWriter {
  readonly handle: FileHandle;
  readonly #path: string;
  readonly #places: BlockPlace[] = [];
  #draft: string | null;
  #end: number;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | null = null;
  #failure: unknown = null;

  private constructor(
    handle: FileHandle,
    names: { readonly path: string; readonly draft: string },
    end: number,
  ) {
    this.handle = handle;
    this.#path = names.path;
    this.#draft = names.draft;
    this.#end = end;
  }

  static async create(path: string, header: Buffer): Promise<CacheWriter> {
    const draft = `${path}.${randomUUID()}${DRAFT_SUFFIX}`;
    const handle = await open(draft, 'wx+');
    try {
      await handle.write(header, 0, header.length, 0);
      return new CacheWriter(handle, { path, draft }, header.length);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Of the blocks so far, written or about to be. */
  get places(): readonly BlockPlace[] {
    return this.#places;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get failure(): unknown {
    return this.#failure;
  }

  /** Takes the block of a builder; its memory goes back there once it was written. */
  write(block: Buffer<ArrayBuffer>, builder: BlockBuilder): void {
    const head = blockHead(block, 0);
    if (head === null) throw new Error('this is no block');
    if (this.#failure !== null) return;
    this.#places.push({ ...head, at: this.#end });
    this.#end += block.length;
    this.#queue.push({ block, builder });
    this.#queuedBytes += block.length;
    this.#running ??= this.#run();
  }

  /** Resolves when everything is written; rejects with what prevented it. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Lets the file take its name, once what is in it so far has been written. */
  async publish(): Promise<void> {
    await this.idle();
    if (this.#draft === null) return;
    await rename(this.#draft, this.#path);
    this.#draft = null;
  }

  /** A file that has no name yet goes away. */
  async close(): Promise<void> {
    await this.idle().catch(() => undefined);
    await this.handle.close();
    if (this.#draft !== null) await unlink(this.#draft).catch(() => undefined);
  }

  async #run(): Promise<void> {
    let at = this.#end - this.#queuedBytes;
    while (this.#queue.length > 0 && this.#failure === null) {
      const queued = this.#queue;
      this.#queue = [];
      const bytes = queued.reduce((sum, { block }) => sum + block.length, 0);
      try {
        const blocks = queued.map(({ block }) => block);
        const { bytesWritten } = await this.handle.writev(blocks, at);
        if (bytesWritten !== bytes) throw new Error(`${bytesWritten} of ${bytes} bytes were written`);
        for (const { block, builder } of queued) builder.giveBack(block);
      } catch (error) {
        this.#failure = error;
      }
      at += bytes;
      this.#queuedBytes -= bytes;
    }
    this.#running = null;
  }
}
