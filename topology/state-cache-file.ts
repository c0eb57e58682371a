/**
 * A file of the local cache as it is found: which of it is whole, how far it reaches, and the records that still count.
 *
 * Boundary: reads, never writes. Whether the log agrees with it is asked in `state-cache-resume.ts`.
 *
 * Invariants:
 *  1. The file ends, for us, before the first block that is not whole; of what is left only blocks up to the last one with
 *     a position are used.
 *  2. Of each key the newest record counts; a key whose newest record deletes it is not there.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { type Extent, viewOf } from '../schemas/extent.ts';
import { CHECKPOINT_KEY } from './changelog-keys.ts';
import { KeyIndex } from './key-index.ts';
import {
  type BlockHead,
  type BlockKind,
  blockHead,
  isWhole,
  NO_POSITION,
  recordsOf,
} from './state-cache-block.ts';
import { type CacheIdentity, checkHeader, HEADER_BYTES_MAX, type HeaderFault } from './state-cache-header.ts';
import { isTombstone, keyAt, recordEnd } from './state-cache-record.ts';

const READ_BYTES = 1024 * 1024;

export interface BlockPlace extends BlockHead {
  readonly at: number;
}

/** Records of one block that count, by where they begin. The bytes are valid until the next ones are asked for. */
export interface LiveRecords {
  readonly block: Buffer;
  readonly starts: readonly number[];
}

export type FileFault = HeaderFault | 'incomplete';

interface Opened {
  readonly path: string;
  readonly handle: FileHandle;
}

export class CacheFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #blocks: readonly BlockPlace[];
  /** Offset of the last checkpoint in it, up to which it is complete. */
  readonly position: number;
  /** The value of that checkpoint. */
  readonly checkpoint: Buffer;
  /** Bytes at its end that are not whole. */
  readonly tornBytes: number;

  private constructor(
    { path, handle }: Opened,
    blocks: readonly BlockPlace[],
    end: { readonly position: number; readonly checkpoint: Buffer; readonly tornBytes: number },
  ) {
    this.path = path;
    this.#handle = handle;
    this.#blocks = blocks;
    this.position = end.position;
    this.checkpoint = end.checkpoint;
    this.tornBytes = end.tornBytes;
  }

  /** Null where there is no file. The handle is closed again where the file cannot be used. */
  static async open(path: string, identity: CacheIdentity): Promise<CacheFile | FileFault | null> {
    const handle = await open(path, 'r').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    });
    if (handle === null) return null;
    let found: CacheFile | FileFault | null = null;
    try {
      found = await CacheFile.#read({ path, handle }, identity);
      return found;
    } finally {
      if (!(found instanceof CacheFile)) await handle.close();
    }
  }

  static async #read(opened: Opened, identity: CacheIdentity): Promise<CacheFile | FileFault> {
    const { handle } = opened;
    const { size } = await handle.stat();
    const header = checkHeader(
      await bytesAt(handle, 0, Buffer.alloc(Math.min(size, HEADER_BYTES_MAX))),
      identity,
    );
    if (typeof header !== 'number') return header;
    const blocks = await wholeBlocks(handle, header, size);
    const last = blocks.at(-1);
    const tornBytes = size - (last === undefined ? header : last.at + last.bytes);
    const used = usable(blocks);
    if (used === null) return 'incomplete';
    const { end } = used;
    const block = await bytesAt(handle, end.at, Buffer.alloc(end.bytes));
    const at = recordsOf(block).at(-1);
    if (at === undefined) return 'incomplete';
    const checkpoint = block.subarray(keyAt(block, at).to, recordEnd(block, at));
    return new CacheFile(opened, used.blocks, { position: end.position, checkpoint, tornBytes });
  }

  /** Every record that counts, but for checkpoints. */
  live(): AsyncIterable<LiveRecords> {
    return liveRecords(this.#handle, this.#blocks);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Of the tail the newest blocks first, so that the first record of a key is the one that counts; then the base. */
export async function* liveRecords(
  handle: FileHandle,
  blocks: readonly BlockPlace[],
): AsyncIterable<LiveRecords> {
  const seen = new KeyIndex();
  const memory = Buffer.allocUnsafeSlow(READ_BYTES);
  for (const group of groupsOf(blocks, 'tail').toReversed()) {
    for (const block of (await readGroup(handle, group, memory)).toReversed()) {
      const newest = recordsOf(block)
        .toReversed()
        .filter((at) => isFirst(seen, keyAt(block, at)));
      // In their order again: keys that ascend are cheaper to take in.
      const starts = newest
        .filter((at) => !isTombstone(block, at) && !isCheckpoint(keyAt(block, at)))
        .toReversed();
      yield { block, starts };
    }
  }
  for (const group of groupsOf(blocks, 'base')) {
    for (const block of await readGroup(handle, group, memory)) {
      const all = recordsOf(block);
      const isOld = (at: number): boolean => seen.find(keyAt(block, at)) >= 0;
      yield { block, starts: seen.size === 0 ? all : all.filter((at) => !isOld(at)) };
    }
  }
}

function isFirst(seen: KeyIndex, key: Extent): boolean {
  return seen.size === seen.add(key);
}

function isCheckpoint(key: Extent): boolean {
  return key.to - key.from === CHECKPOINT_KEY.length && CHECKPOINT_KEY.equals(viewOf(key));
}

/** The blocks of a kind in their order; those that stand together are read at once. */
function groupsOf(blocks: readonly BlockPlace[], kind: BlockKind): readonly (readonly BlockPlace[])[] {
  const groups: BlockPlace[][] = [];
  for (const block of blocks) {
    if (block.kind !== kind) continue;
    const group = groups.at(-1);
    const [first] = group ?? [];
    const last = group?.at(-1);
    const isNext = last !== undefined && last.at + last.bytes === block.at;
    const fits = first !== undefined && block.at + block.bytes - first.at <= READ_BYTES;
    if (group !== undefined && isNext && fits) group.push(block);
    else groups.push([block]);
  }
  return groups;
}

async function readGroup(
  handle: FileHandle,
  group: readonly BlockPlace[],
  memory: Buffer,
): Promise<readonly Buffer[]> {
  const from = group[0]?.at ?? 0;
  const length = group.reduce((sum, { bytes }) => sum + bytes, 0);
  const read = await bytesAt(handle, from, memoryFor(length, memory));
  return group.map(({ at, bytes }) => read.subarray(at - from, at - from + bytes));
}

/** All blocks before the first that is cut off or altered. */
async function wholeBlocks(handle: FileHandle, from: number, size: number): Promise<readonly BlockPlace[]> {
  const blocks: BlockPlace[] = [];
  const memory = Buffer.allocUnsafeSlow(READ_BYTES);
  for (let at = from; at < size; ) {
    let bytes = await bytesAt(handle, at, memoryFor(Math.min(READ_BYTES, size - at), memory));
    const first = blockHead(bytes, 0);
    if (first === null || at + first.bytes > size) break;
    if (first.bytes > bytes.length) bytes = await bytesAt(handle, at, memoryFor(first.bytes, memory));
    let used = 0;
    for (let head: BlockHead | null = first; head !== null; head = blockHead(bytes, used)) {
      if (used + head.bytes > bytes.length) break;
      if (!isWhole(bytes.subarray(used, used + head.bytes))) return blocks;
      blocks.push({ ...head, at: at + used });
      used += head.bytes;
    }
    at += used;
  }
  return blocks;
}

interface Usable {
  readonly blocks: readonly BlockPlace[];
  /** The one that ends with the checkpoint up to which they are complete. */
  readonly end: BlockPlace;
}

/** The base and the tail up to its last position; null where the base is not complete or no position is known. */
function usable(blocks: readonly BlockPlace[]): Usable | null {
  const seal = blocks.find(({ kind }) => kind === 'seal');
  const endAt = blocks.findLastIndex(({ kind, position }) => kind === 'tail' && position !== NO_POSITION);
  const end = blocks[endAt] ?? seal;
  if (seal === undefined || end === undefined || end.position === NO_POSITION) return null;
  return { blocks: blocks.filter(({ kind }, index) => kind !== 'tail' || index <= endAt), end };
}

/** The same memory again for everything of usual size: fresh memory for each would let the heap be collected all the time. */
function memoryFor(length: number, memory: Buffer): Buffer {
  return length <= memory.length ? memory.subarray(0, length) : Buffer.allocUnsafeSlow(length);
}

async function bytesAt(handle: FileHandle, at: number, into: Buffer): Promise<Buffer> {
  let read = 0;
  while (read < into.length) {
    const { bytesRead } = await handle.read(into, read, into.length - read, at + read);
    if (bytesRead === 0) return into.subarray(0, read);
    read += bytesRead;
  }
  return into;
}
