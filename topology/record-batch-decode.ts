/**
 * Job: decode what a read_committed fetch returns for one partition: record batches (format v2), without the records
 * of aborted transactions.
 *
 * Boundary: bytes and the broker's list of aborted transactions in, records and the next offset out.
 *
 * Invariants:
 *  1. Every batch's checksum is verified; a mismatch is fatal, never skipped.
 *  2. Aborted transactions are taken in order of their first offset, each opens at the first batch that reaches it and
 *     ends at the next abort marker of its producer. Markers are known by the control flag, never by their key.
 *  3. `nextOffset` is behind the last complete batch, whatever was in it.
 *  4. Key, value and headers are views of the fetched bytes, made when they are asked for: records wait in numbers, and what
 *     waits outlives a collection. A header without a value reads as an empty one.
 */

import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import { type Extent, viewOf } from '../schemas/extent.ts';
import { type Header, LogError, type LogRecord, type PackedRecords, type TopicPartition } from './log.ts';
import { readInt64 } from './log-kafka-wire.ts';
import { batchHeaderBytes } from './record-batch.ts';

const compressionBits = 0x07;
const appendTimeBit = 0x08;
const transactionalBit = 0x10;
const controlBit = 0x20;
const abortMarkerType = 0;
const noHeaders: readonly Header[] = [];

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface FetchedBytes extends TopicPartition {
  readonly bytes: Buffer;
  readonly aborted: readonly AbortedTransaction[];
  /** The offset that was asked for; the first batch may begin before it. */
  readonly position: number;
}

export interface DecodedRecords {
  readonly records: readonly LogRecord[];
  readonly nextOffset: number;
}

interface Batch {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly attributes: number;
  readonly producerId: number;
}

export function decodeRecordSet(fetched: FetchedBytes): DecodedRecords {
  const records: LogRecord[] = [];
  const aborted = new AbortedProducers(fetched.aborted);
  let nextOffset = fetched.position;
  for (let start = 0; ; ) {
    const batch = readBatch(fetched, start);
    if (batch === null) return { records, nextOffset };
    aborted.reach(batch.lastOffset);
    if ((batch.attributes & controlBit) !== 0) {
      if (isAbortMarker(batch)) aborted.end(batch.producerId);
    } else if ((batch.attributes & transactionalBit) === 0 || !aborted.has(batch.producerId)) {
      decodeRecords(fetched, batch, records);
    }
    nextOffset = Math.max(nextOffset, batch.lastOffset + 1);
    start = batch.end;
  }
}

export interface UnpackedRecord extends TopicPartition {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
}

/** What is in a pack, one by one; key, value and headers are views of its memory. */
export function unpackRecords({ topic, partition, count, bytes }: PackedRecords): readonly UnpackedRecord[] {
  const cursor = new Cursor(bytes, 0);
  return Array.from({ length: count }, () => {
    const end = cursor.varint() + cursor.at;
    cursor.at += 2;
    cursor.varint();
    const [key, value] = [cursor.bytes(), cursor.bytes()];
    const headers = headersAt(cursor);
    cursor.at = end;
    return { topic, partition, key, value, headers };
  });
}

/** Which producers are inside an aborted transaction at the place the decoder has reached. */
class AbortedProducers {
  readonly #waiting: readonly AbortedTransaction[];
  readonly #inside = new Set<number>();
  #next = 0;

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#waiting = [...aborted].sort((left, right) => left.firstOffset - right.firstOffset);
  }

  reach(offset: number): void {
    for (;;) {
      const first = this.#waiting[this.#next];
      if (first === undefined || first.firstOffset > offset) return;
      this.#inside.add(first.producerId);
      this.#next += 1;
    }
  }

  end(producerId: number): void {
    this.#inside.delete(producerId);
  }

  has(producerId: number): boolean {
    return this.#inside.has(producerId);
  }
}

/** Null at the end and at a batch that was cut off by the fetch limit. */
function readBatch(fetched: FetchedBytes, start: number): Batch | null {
  const { bytes } = fetched;
  if (start + batchHeaderBytes > bytes.length) return null;
  const end = start + 12 + bytes.readInt32BE(start + 8);
  if (end > bytes.length) return null;
  if (bytes[start + 16] !== 2) throw unreadable('UNSUPPORTED_FORMAT', fetched, start);
  const tooShort = end < start + batchHeaderBytes;
  if (tooShort || crc32c(bytes.subarray(start + 21, end)) !== bytes.readUInt32BE(start + 17)) {
    throw unreadable('CORRUPT_MESSAGE', fetched, start);
  }
  const baseOffset = readInt64(bytes, start);
  return {
    bytes,
    start,
    end,
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(start + 23),
    attributes: bytes.readInt16BE(start + 21),
    producerId: readInt64(bytes, start + 43),
  };
}

function unreadable(code: string, { topic, partition, bytes }: FetchedBytes, start: number): LogError {
  return new LogError('fatal', code, `batch of ${topic}/${partition} at ${readInt64(bytes, start)}`);
}

/** A control batch holds one record, whose key is version and type. A batch emptied by compaction marks nothing. */
function isAbortMarker(batch: Batch): boolean {
  if (batch.bytes.readInt32BE(batch.start + 57) === 0) return false;
  const cursor = new Cursor(batch.bytes, batch.start + batchHeaderBytes);
  cursor.varint();
  cursor.at += 1;
  cursor.varlong();
  cursor.varint();
  const key = cursor.bytes();
  return key !== null && key.readInt16BE(2) === abortMarkerType;
}

function decodeRecords(fetched: FetchedBytes, batch: Batch, into: LogRecord[]): void {
  const { bytes, start, attributes } = batch;
  const count = bytes.readInt32BE(start + 57);
  if (count === 0) return;
  const baseTimestamp = readInt64(bytes, start + 27);
  const appendTime = (attributes & appendTimeBit) === 0 ? null : readInt64(bytes, start + 35);
  const cursor = openRecords(batch, attributes & compressionBits);
  const { topic, partition, position } = fetched;
  for (let index = 0; index < count; index += 1) {
    const length = cursor.varint();
    const end = cursor.at + length;
    cursor.at += 1;
    const timestampDelta = cursor.varlong();
    const offset = batch.baseOffset + cursor.varint();
    if (offset >= position) {
      const appendedAt = appendTime ?? baseTimestamp + timestampDelta;
      into.push(new FetchedRecord({ topic, partition }, { offset, appendedAt }, cursor));
    }
    cursor.at = end;
  }
}

function openRecords(batch: Batch, compression: number): Cursor {
  const start = batch.start + batchHeaderBytes;
  if (compression === 0) return new Cursor(batch.bytes, start);
  const packed = batch.bytes.subarray(start, batch.end);
  if (compression === 1) return new Cursor(gunzipSync(packed), 0);
  if (compression === 4) return new Cursor(zstdDecompressSync(packed), 0);
  throw new LogError('fatal', 'UNSUPPORTED_COMPRESSION', `codec ${compression} at ${batch.baseOffset}`);
}

/** One record of a fetch. Headers are decoded when asked for, once. */
class FetchedRecord implements LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly appendedAt: number;
  readonly #source: Buffer;
  /** Where the content begins, and its length: below zero where there is none. */
  readonly #keyAt: number;
  readonly #keyLength: number;
  readonly #valueAt: number;
  readonly #valueLength: number;
  readonly #headersAt: number;
  #key: Buffer | null | undefined;
  #value: Buffer | null | undefined;
  #headers: readonly Header[] | undefined;

  constructor(
    place: TopicPartition,
    stamp: { readonly offset: number; readonly appendedAt: number },
    cursor: Cursor,
  ) {
    this.topic = place.topic;
    this.partition = place.partition;
    this.offset = stamp.offset;
    this.appendedAt = stamp.appendedAt;
    this.#source = cursor.buffer;
    this.#keyLength = cursor.varint();
    this.#keyAt = cursor.at;
    cursor.skip(this.#keyLength);
    this.#valueLength = cursor.varint();
    this.#valueAt = cursor.at;
    cursor.skip(this.#valueLength);
    this.#headersAt = cursor.at;
  }

  get keyIn(): Extent | null {
    if (this.#keyLength < 0) return null;
    return { memory: this.#source, from: this.#keyAt, to: this.#keyAt + this.#keyLength };
  }

  get valueIn(): Extent | null {
    if (this.#valueLength < 0) return null;
    return { memory: this.#source, from: this.#valueAt, to: this.#valueAt + this.#valueLength };
  }

  get key(): Buffer | null {
    if (this.#key === undefined) this.#key = viewOrNull(this.keyIn);
    return this.#key;
  }

  get value(): Buffer | null {
    if (this.#value === undefined) this.#value = viewOrNull(this.valueIn);
    return this.#value;
  }

  /** Of key and value with their lengths, in bytes. */
  get size(): number {
    return this.#headersAt - this.#keyAt;
  }

  get headers(): readonly Header[] {
    if (this.#source[this.#headersAt] === 0) return noHeaders;
    if (this.#headers !== undefined) return this.#headers;
    this.#headers = headersAt(new Cursor(this.#source, this.#headersAt));
    return this.#headers;
  }
}

function viewOrNull(extent: Extent | null): Buffer | null {
  return extent === null ? null : viewOf(extent);
}

function headersAt(cursor: Cursor): readonly Header[] {
  const headers: Header[] = [];
  for (let left = cursor.varint(); left > 0; left -= 1) {
    const name = cursor.bytes()?.toString('utf8') ?? '';
    headers.push([name, cursor.bytes() ?? Buffer.alloc(0)]);
  }
  return headers;
}

class Cursor {
  readonly buffer: Buffer;
  at: number;

  constructor(buffer: Buffer, at: number) {
    this.buffer = buffer;
    this.at = at;
  }

  varint(): number {
    const first = this.buffer[this.at] ?? 0;
    if (first < 0x80) {
      this.at += 1;
      return (first >>> 1) ^ -(first & 1);
    }
    let value = first & 0x7f;
    let shift = 7;
    let byte: number;
    do {
      this.at += 1;
      byte = this.buffer[this.at] ?? 0;
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    this.at += 1;
    return (value >>> 1) ^ -(value & 1);
  }

  /** Exact up to 2^53, which time stamps stay far below. */
  varlong(): number {
    const first = this.buffer[this.at] ?? 0;
    this.at += 1;
    if (first === 0) return 0;
    let value = first & 0x7f;
    let scale = 0x80;
    for (let byte = first; byte >= 0x80; scale *= 0x80) {
      byte = this.buffer[this.at] ?? 0;
      this.at += 1;
      value += (byte & 0x7f) * scale;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  skip(length: number): void {
    if (length > 0) this.at += length;
  }

  bytes(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    this.at += length;
    return this.buffer.subarray(this.at - length, this.at);
  }
}
