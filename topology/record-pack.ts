/**
 * Records on their way into batches, in the form in which a batch carries them (format v2).
 *
 * Job: write each record once, where it is made. Thousands wait for a transaction at a time; as bytes they cost the
 * collector nothing, and sending them is one copy.
 *
 * Boundary: bytes and sizes only. The head of a batch is written when it is sent (`record-batch.ts`), which requests
 * batches travel in is planned in `log-kafka-plan.ts`.
 *
 * Invariants:
 *  1. The records of a partition keep their order, within a pack and over the packs.
 *  2. No pack is larger than `packBytesMax`, unless it holds one record alone; no record is larger than the packer's limit.
 *  3. Lengths stand before what they measure and are known after it: as much room is left for them as the record before
 *     needed, and what was written is moved where that was wrong.
 */

import { LogError, type OutgoingHeader, type OutgoingRecord, type PackedRecords } from './log.ts';
import { sizeMaxOfContent, writeContent } from './text-bytes.ts';

/** Below the broker's default `message.max.bytes` of 1,048,588 with room for the head of the batch. */
export const packBytesMax = 900_000;
export const recordBytesMax = 900_000;
/**
 * In a transaction: a dead letter holds a whole foreign record, as large as the broker lets through, and travels alone in
 * its batch to a topic that takes 2 MiB. What other topics do not take, the broker refuses.
 */
export const transactionRecordBytesMax = 2_000_000;

const initialBytes = 4_096;
/** Attributes and the difference of the time stamp, both zero. */
const fixedBytes = 2;
/** That and four varints. */
const headBytesMax = fixedBytes + 4 * 5;
/** Of a topic, kept for the next steps. */
const spareBuffersMax = 4;
const noHeaders: readonly OutgoingHeader[] = [];
const sharedBlocks = new WeakMap<readonly OutgoingHeader[], Buffer>();

/** Memory that packs gave back, by topic, because packs of one topic are about as large as each other. */
export type PackMemory = Map<string, Buffer[]>;

export class RecordPack implements PackedRecords {
  readonly topic: string;
  readonly partition: number;
  #buffer: Buffer;
  #size = 0;
  #count = 0;
  #valueAt = 0;
  #lengthRoom = 2;
  #sizeRoom = 2;
  /** Behind the offset of the last record: what is the same in any other pack. */
  #restAt = 0;
  #lastAt = 0;

  constructor(topic: string, partition: number, memory: Buffer) {
    this.topic = topic;
    this.partition = partition;
    this.#buffer = memory;
  }

  get count(): number {
    return this.#count;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  /** Where the value of a record that was begun is to be written; another one after `grow`. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Begins a record and returns the place of its value. */
  begin(key: Buffer | string | null): number {
    this.#reserve(this.#size + headBytesMax + sizeMaxOfContent(key));
    const buffer = this.#buffer;
    let at = this.#size + this.#lengthRoom;
    buffer[at] = 0;
    buffer[at + 1] = 0;
    at = writeVarint(buffer, at + fixedBytes, this.#count);
    this.#restAt = at;
    this.#valueAt = writeSized(buffer, at, key) + this.#sizeRoom;
    return this.#valueAt;
  }

  /** Makes room for so many bytes more than there was. */
  grow(bytes: number): void {
    this.#reserve(this.#buffer.length + bytes);
  }

  /** Ends the record whose value ends here; null for one that has none. */
  end(
    valueEnd: number | null,
    headers: readonly OutgoingHeader[] = noHeaders,
    sharedHeaders: readonly OutgoingHeader[] = noHeaders,
  ): void {
    const shared = sharedHeaders.length === 0 ? null : sharedBlock(sharedHeaders);
    const headersMax = 5 + headersLength(headers) + (shared === null ? 0 : shared.length);
    // The value may move by as much as a length can be longer than expected, and so may the whole record.
    this.#reserve((valueEnd ?? this.#valueAt) + headersMax + 2 * 5);
    const buffer = this.#buffer;
    let at = this.#placeValue(valueEnd);
    at = writeVarint(buffer, at, headers.length + sharedHeaders.length);
    at = writeHeaders(buffer, at, headers);
    if (shared !== null) {
      buffer.set(shared, at);
      at += shared.length;
    }
    this.#close(at);
  }

  add({ key, value, headers, sharedHeaders }: OutgoingRecord): void {
    const at = this.begin(key);
    if (value === null) {
      this.end(null, headers, sharedHeaders);
      return;
    }
    this.#reserve(at + value.length);
    value.copy(this.#buffer, at);
    this.end(at + value.length, headers, sharedHeaders);
  }

  /** Bytes of the last record. */
  get lastSize(): number {
    return this.#size - this.#lastAt;
  }

  /** Takes the last record out and puts it at the end of another pack. */
  moveLastTo(next: RecordPack): void {
    const { length } = this.#buffer.subarray(this.#restAt, this.#size);
    next.#reserve(next.#size + headBytesMax + length);
    const start = next.#size + next.#lengthRoom;
    next.#buffer[start] = 0;
    next.#buffer[start + 1] = 0;
    next.#restAt = writeVarint(next.#buffer, start + fixedBytes, next.#count);
    this.#buffer.copy(next.#buffer, next.#restAt, this.#restAt, this.#size);
    next.#close(next.#restAt + length);
    this.#size = this.#lastAt;
    this.#count -= 1;
  }

  /** Writes the length of the value in front of it, and returns where the value ends. */
  #placeValue(valueEnd: number | null): number {
    const buffer = this.#buffer;
    const sizeAt = this.#valueAt - this.#sizeRoom;
    if (valueEnd === null) {
      buffer[sizeAt] = 1;
      return sizeAt + 1;
    }
    const size = valueEnd - this.#valueAt;
    const room = varintBytes(size);
    if (room !== this.#sizeRoom) buffer.copyWithin(sizeAt + room, this.#valueAt, valueEnd);
    this.#sizeRoom = room;
    writeVarint(buffer, sizeAt, size);
    return sizeAt + room + size;
  }

  /** Writes the length of the record in front of it. */
  #close(end: number): void {
    const start = this.#size;
    const length = end - start - this.#lengthRoom;
    const room = varintBytes(length);
    if (room !== this.#lengthRoom) {
      this.#buffer.copyWithin(start + room, start + this.#lengthRoom, end);
      this.#restAt += room - this.#lengthRoom;
      this.#lengthRoom = room;
    }
    writeVarint(this.#buffer, start, length);
    this.#lastAt = start;
    this.#size = start + room + length;
    this.#count += 1;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, bytes));
    this.#buffer.copy(grown);
    this.#buffer = grown;
  }
}

/** Lays records into packs, oldest first: one that takes more for each partition. */
export class RecordPacker {
  readonly packs: RecordPack[] = [];
  readonly #recordBytesMax: number;
  readonly #memory: PackMemory;
  readonly #open = new Map<string, RecordPack[]>();

  constructor(bytesMax: number, memory: PackMemory = new Map()) {
    this.#recordBytesMax = bytesMax;
    this.#memory = memory;
  }

  /** Throws for the first record that is too large. Only one that may be is packed to know it. */
  static check(records: readonly OutgoingRecord[], bytesMax: number): void {
    for (const record of records) if (sizeMax(record) > bytesMax) packRecords([record], bytesMax);
  }

  add(record: OutgoingRecord): void {
    const pack = this.open(record.topic, record.partition);
    pack.add(record);
    this.ended(pack);
  }

  /** The pack that takes the next record of a partition; call `ended` behind it. */
  open(topic: string, partition: number): RecordPack {
    const known = this.#open.get(topic)?.[partition];
    return known ?? this.#begin(topic, partition);
  }

  /** Looks at the last record: one that cannot be written is refused, and one too many for a batch begins the next. */
  ended(pack: RecordPack): void {
    const { topic, partition, lastSize } = pack;
    if (lastSize > this.#recordBytesMax) {
      throw new LogError('fatal', 'MESSAGE_TOO_LARGE', `${lastSize} bytes for ${topic}/${partition}`);
    }
    if (pack.size > packBytesMax && pack.count > 1) pack.moveLastTo(this.#begin(topic, partition));
  }

  /** To be called when nobody looks at the packs any more: their memory serves the next ones. */
  release(): void {
    for (const { topic, buffer } of this.packs.splice(0)) {
      const spare = this.#memory.get(topic) ?? [];
      if (spare.length === 0) this.#memory.set(topic, spare);
      if (spare.length < spareBuffersMax) spare.push(buffer);
    }
    this.#open.clear();
  }

  #begin(topic: string, partition: number): RecordPack {
    const memory = this.#memory.get(topic)?.pop() ?? Buffer.allocUnsafeSlow(initialBytes);
    const pack = new RecordPack(topic, partition, memory);
    const ofTopic = this.#open.get(topic) ?? [];
    if (ofTopic.length === 0) this.#open.set(topic, ofTopic);
    ofTopic[partition] = pack;
    this.packs.push(pack);
    return pack;
  }
}

function sizeMax({ key, value, headers = noHeaders, sharedHeaders = noHeaders }: OutgoingRecord): number {
  const content = sizeMaxOfContent(key) + sizeMaxOfContent(value);
  return headBytesMax + content + 5 + headersLength(headers) + headersLength(sharedHeaders);
}

/** For records that were made somewhere else. */
export function packRecords(records: readonly OutgoingRecord[], bytesMax: number): readonly PackedRecords[] {
  const packer = new RecordPacker(bytesMax);
  for (const record of records) packer.add(record);
  return packer.packs;
}

function writeHeaders(buffer: Buffer, start: number, headers: readonly OutgoingHeader[]): number {
  let at = start;
  for (const [name, value] of headers) {
    at = writeSized(buffer, writeSized(buffer, at, name), value);
  }
  return at;
}

/** At most so many bytes. */
function headersLength(headers: readonly OutgoingHeader[]): number {
  let length = 0;
  for (const [name, value] of headers) length += sizeMaxOfContent(name) + sizeMaxOfContent(value) + 2 * 5;
  return length;
}

/** The bytes of headers that many records share, written once; forgotten with the array. */
function sharedBlock(headers: readonly OutgoingHeader[]): Buffer {
  const known = sharedBlocks.get(headers);
  if (known !== undefined) return known;
  const memory = Buffer.allocUnsafe(headersLength(headers));
  const block = memory.subarray(0, writeHeaders(memory, 0, headers));
  sharedBlocks.set(headers, block);
  return block;
}

/** A text is as long as it has characters if it is ASCII; any other is written again behind its true length. */
function writeSized(buffer: Buffer, start: number, content: Buffer | string | null): number {
  if (content === null) {
    buffer[start] = 1;
    return start + 1;
  }
  const at = writeVarint(buffer, start, content.length);
  const end = writeContent(buffer, at, content);
  const size = end - at;
  return size === content.length ? end : writeContent(buffer, writeVarint(buffer, start, size), content);
}

/** Size of a count or length in zigzag form. Negative numbers never come here. */
function varintBytes(value: number): number {
  if (value < 0x40) return 1;
  if (value < 0x2000) return 2;
  if (value < 0x10_0000) return 3;
  return value < 0x800_0000 ? 4 : 5;
}

function writeVarint(buffer: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value << 1;
  while (rest > 0x7f) {
    buffer[at] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    at += 1;
  }
  buffer[at] = rest;
  return at + 1;
}
