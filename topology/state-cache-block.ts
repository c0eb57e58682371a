/**
 * The blocks that a file of the local cache consists of after its header: length and checksum of what follows, kind, position,
 * records.
 *
 * Invariants:
 *  1. A block is written at once, and one that was torn or altered anywhere is known by its checksum.
 *  2. `base` blocks hold each key once and are older than all `tail` blocks, wherever they stand; of `tail` blocks the
 *     later is the newer. Without a `seal` the base is not complete, and the file is worth nothing.
 *  3. A position is the offset of the checkpoint that is the last record of the block, up to which the file, with this block,
 *     is complete.
 */
import { crc32 } from '@node-rs/crc32';
import { RECORD_HEAD_BYTES, recordEnd } from './state-cache-record.ts';

export const NO_POSITION = -1;
const BLOCK_HEAD_BYTES = 17;
const CHECKED_FROM = 8;
/** Room for a block of usual size; a larger one gets a buffer of its own. */
const BUFFER_BYTES = 320 * 1024;

export type BlockKind = 'base' | 'tail' | 'seal';
const KINDS: readonly BlockKind[] = ['base', 'tail', 'seal'];

export interface BlockHead {
  readonly kind: BlockKind;
  readonly position: number;
  /** Length of the whole block. */
  readonly bytes: number;
}

/** The head of the block at `at`; null where fewer bytes are left than a head has, or no block can begin. */
export function blockHead(bytes: Buffer, at: number): BlockHead | null {
  if (at + BLOCK_HEAD_BYTES > bytes.length) return null;
  const length = bytes.readUInt32LE(at);
  const kind = KINDS[bytes[at + CHECKED_FROM] ?? KINDS.length];
  if (kind === undefined || length < BLOCK_HEAD_BYTES - CHECKED_FROM) return null;
  return { kind, position: bytes.readDoubleLE(at + CHECKED_FROM + 1), bytes: CHECKED_FROM + length };
}

export function isWhole(block: Buffer): boolean {
  return crc32(block.subarray(CHECKED_FROM)) === block.readUInt32LE(4);
}

/** Where the records of a block begin, in order. */
export function recordsOf(block: Buffer): readonly number[] {
  const starts: number[] = [];
  for (let at = BLOCK_HEAD_BYTES; at < block.length; at = recordEnd(block, at)) starts.push(at);
  return starts;
}

/** Gathers records and hands them out as a block. What a step changed goes through here, so it writes without checks. */
export class BlockBuilder {
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #view = new DataView(this.#buffer.buffer);
  #used = BLOCK_HEAD_BYTES;
  #spare: Buffer<ArrayBuffer> | null = null;

  /** Of the block as it stands; 0 while there is no record in it. */
  get bytes(): number {
    return this.#used === BLOCK_HEAD_BYTES ? 0 : this.#used;
  }

  add(key: Buffer, value: Buffer | null, dueAt: number | null | undefined): void {
    const keyBytes = key.length;
    const at = this.#reserve(RECORD_HEAD_BYTES + keyBytes + (value === null ? 0 : value.length));
    const view = this.#view;
    view.setUint32(at, keyBytes, true);
    view.setInt32(at + 4, value === null ? -1 : value.length, true);
    view.setFloat64(at + 8, dueAt === undefined ? Number.NaN : (dueAt ?? Number.POSITIVE_INFINITY), true);
    this.#buffer.set(key, at + RECORD_HEAD_BYTES);
    if (value !== null) this.#buffer.set(value, at + RECORD_HEAD_BYTES + keyBytes);
  }

  /** Takes a record over from another block as it is. */
  addRecord(block: Buffer, at: number): void {
    const end = recordEnd(block, at);
    block.copy(this.#buffer, this.#reserve(end - at), at, end);
  }

  /** The block; what comes next begins another. */
  finish(kind: BlockKind, position: number): Buffer<ArrayBuffer> {
    const block = this.#buffer.subarray(0, this.#used);
    block.writeUInt8(KINDS.indexOf(kind), CHECKED_FROM);
    block.writeDoubleLE(position, CHECKED_FROM + 1);
    block.writeUInt32LE(block.length - CHECKED_FROM, 0);
    block.writeUInt32LE(crc32(block.subarray(CHECKED_FROM)), 4);
    this.#use(this.#spare ?? Buffer.allocUnsafeSlow(BUFFER_BYTES));
    this.#spare = null;
    this.#used = BLOCK_HEAD_BYTES;
    return block;
  }

  /** Takes the memory of a block back that was written; fresh memory costs more than what is copied into it. */
  giveBack(block: Buffer<ArrayBuffer>): void {
    if (block.buffer.byteLength === BUFFER_BYTES) this.#spare ??= Buffer.from(block.buffer);
  }

  /** Makes room for so many bytes and returns where they go; only here the buffer may move. */
  #reserve(bytes: number): number {
    const start = this.#used;
    this.#used += bytes;
    if (this.#used > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#used, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, start));
      this.#use(larger);
    }
    return start;
  }

  #use(buffer: Buffer<ArrayBuffer>): void {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer);
  }
}
