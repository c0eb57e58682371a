/**
 * What a seal keeps of each record of a partition, in a fixed number of bytes: where it lies, when it was appended,
 * which step wrote it, and digests of its key and of its content.
 *
 * Invariants:
 *  1. The content digest covers key, value and every header, each behind its length, null apart from empty, so no two
 *     records share a byte string.
 *  2. The range digest covers offset, append time and whole content digest of each record in order. It is what a head
 *     signs; the shortened digests of a list only say where two lists part.
 */
import { createHash, type Hash, hash } from 'node:crypto';
import type { LogRecord } from '../../topology/log.ts';

const NONE = 0xffff_ffff;
const SCRATCH_BYTES = 64 * 1024;
const NUMBER_BYTES = 6;
const RANGE_ENTRY_BYTES = 2 * NUMBER_BYTES + 32;
const TIME_AT = 6;
const STEP_AT = 12;
const KEY_AT = 18;
const CONTENT_AT = 26;
export const ENTRY_BYTES = 42;

let scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

export function contentDigest({ key, value, headers }: LogRecord): Buffer {
  let size = 12 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, bytes] of headers) size += 8 + Buffer.byteLength(name) + bytes.length;
  if (size > scratch.length) scratch = Buffer.allocUnsafeSlow(size);
  let at = piece(key, 0);
  at = piece(value, at);
  at = scratch.writeUInt32BE(headers.length, at);
  for (const [name, bytes] of headers) {
    const length = scratch.write(name, at + 4);
    scratch.writeUInt32BE(length, at);
    at = piece(bytes, at + 4 + length);
  }
  // As a text Node gives it sooner than in a buffer of its own, which this is only afterwards.
  return Buffer.from(hash('sha256', scratch.subarray(0, at), 'binary'), 'binary');
}

function piece(bytes: Buffer | null, at: number): number {
  const behindLength = scratch.writeUInt32BE(bytes === null ? NONE : bytes.length, at);
  return behindLength + (bytes?.copy(scratch, behindLength) ?? 0);
}

/** The digest of consecutive records of one partition. */
export class RangeDigest {
  readonly #hash: Hash = createHash('sha256');
  readonly #waiting = Buffer.allocUnsafe(RANGE_ENTRY_BYTES * 128);
  #used = 0;
  records = 0;

  add({ offset, appendedAt }: LogRecord, content: Buffer): void {
    if (this.#used === this.#waiting.length) this.#flush();
    let at = this.#waiting.writeUIntBE(offset, this.#used, NUMBER_BYTES);
    at = this.#waiting.writeIntBE(appendedAt, at, NUMBER_BYTES);
    this.#used = at + content.copy(this.#waiting, at);
    this.records += 1;
  }

  /** Ends the range. */
  hex(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): void {
    this.#hash.update(this.#waiting.subarray(0, this.#used));
    this.#used = 0;
  }
}

/** One entry of a list; `step` is 0 where no step wrote the record. */
export function encodeEntry(record: LogRecord, content: Buffer, step: number): Buffer {
  const entry = Buffer.allocUnsafe(ENTRY_BYTES);
  entry.writeUIntBE(record.offset, 0, NUMBER_BYTES);
  entry.writeIntBE(record.appendedAt, TIME_AT, NUMBER_BYTES);
  entry.writeUIntBE(step, STEP_AT, NUMBER_BYTES);
  writeKeyDigest(record.key, entry);
  content.copy(entry, CONTENT_AT, 0, ENTRY_BYTES - CONTENT_AT);
  return entry;
}

function writeKeyDigest(key: Buffer | null, entry: Buffer): void {
  if (key === null) entry.fill(0, KEY_AT, CONTENT_AT);
  else entry.write(hash('sha256', key, 'binary'), KEY_AT, CONTENT_AT - KEY_AT, 'binary');
}

/** Entries side by side, in offset order. */
export class RecordList {
  readonly #bytes: Buffer;
  readonly length: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.length = Math.floor(bytes.length / ENTRY_BYTES);
  }

  offset(index: number): number {
    return this.#bytes.readUIntBE(index * ENTRY_BYTES, NUMBER_BYTES);
  }

  appendedAt(index: number): number {
    return this.#bytes.readIntBE(index * ENTRY_BYTES + TIME_AT, NUMBER_BYTES);
  }

  step(index: number): number {
    return this.#bytes.readUIntBE(index * ENTRY_BYTES + STEP_AT, NUMBER_BYTES);
  }

  key(index: number): string {
    return this.#text(index, KEY_AT, CONTENT_AT);
  }

  content(index: number): string {
    return this.#text(index, CONTENT_AT, ENTRY_BYTES);
  }

  #text(index: number, from: number, to: number): string {
    return this.#bytes.toString('latin1', index * ENTRY_BYTES + from, index * ENTRY_BYTES + to);
  }
}
