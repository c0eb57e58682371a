/**
 * Job: encode records as one Kafka record batch (format v2).
 *
 * Boundary: bytes only; which records belong together and under which sequence number is decided elsewhere.
 *
 * Invariants:
 *  1. A batch is written once, in place, into the caller's writer; no byte of a record is copied twice.
 *  2. `recordBytesBound` never says less than a record takes, so room is made once per batch.
 *  3. The checksum is crc32c over everything from the attributes on.
 */

import { crc32c } from '@node-rs/crc32';
import type { OutgoingHeader, OutgoingRecord } from './log.ts';
import { type WireWriter, writeInt64 } from './log-kafka-wire.ts';
import { sizeOfContent, textBytes, writeText } from './text-bytes.ts';

export const batchHeaderBytes = 61;
const attributesAt = 21;
const transactionalBit = 0x10;
const headerNamesMax = 256;
const noHeaders: readonly OutgoingHeader[] = [];
const noBlock = Buffer.alloc(0);
const sharedBlocks = new WeakMap<readonly OutgoingHeader[], Buffer>();

export interface BatchHeader {
  readonly timestamp: number;
  readonly transactional: boolean;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** Six varints of at most five bytes each and the attributes byte, plus the contents. */
export function recordBytesBound(record: OutgoingRecord): number {
  let bytes = 31 + sizeOfContent(record.key) + (record.value === null ? 0 : record.value.length);
  if (record.headers !== undefined) {
    for (const [name, value] of record.headers) bytes += 10 + nameBytes(name).length + sizeOfContent(value);
  }
  return record.sharedHeaders === undefined ? bytes : bytes + sharedBlock(record.sharedHeaders).length;
}

/** Writes the batch at the writer's place. `bytesBound` is the sum of the bounds of its records. */
export function encodeRecordBatch(
  writer: WireWriter,
  batch: { readonly records: readonly OutgoingRecord[]; readonly bytesBound: number },
  header: BatchHeader,
): void {
  writer.reserve(batchHeaderBytes + batch.bytesBound);
  const start = writer.at;
  const { buffer } = writer;
  const end = encodeRecords(buffer, start + batchHeaderBytes, batch.records);
  writeInt64(buffer, 0, start);
  buffer.writeInt32BE(end - start - 12, start + 8);
  buffer.writeInt32BE(-1, start + 12);
  buffer[start + 16] = 2;
  buffer.writeInt16BE(header.transactional ? transactionalBit : 0, start + attributesAt);
  buffer.writeInt32BE(batch.records.length - 1, start + 23);
  writeInt64(buffer, header.timestamp, start + 27);
  writeInt64(buffer, header.timestamp, start + 35);
  writeInt64(buffer, header.producerId, start + 43);
  buffer.writeInt16BE(header.producerEpoch, start + 51);
  buffer.writeInt32BE(header.baseSequence, start + 53);
  buffer.writeInt32BE(batch.records.length, start + 57);
  buffer.writeUInt32BE(crc32c(buffer.subarray(start + attributesAt, end)), start + 17);
  writer.at = end;
}

function encodeRecords(buffer: Buffer, start: number, records: readonly OutgoingRecord[]): number {
  let at = start;
  let offsetDelta = 0;
  for (const record of records) {
    at = encodeRecord(buffer, at, { record, offsetDelta });
    offsetDelta += 1;
  }
  return at;
}

function encodeRecord(
  buffer: Buffer,
  start: number,
  { record, offsetDelta }: { readonly record: OutgoingRecord; readonly offsetDelta: number },
): number {
  const { headers = noHeaders, sharedHeaders = noHeaders } = record;
  const shared = sharedHeaders.length === 0 ? noBlock : sharedBlock(sharedHeaders);
  const count = headers.length + sharedHeaders.length;
  let length = 2 + varintBytes(offsetDelta) + bytesLength(record.key) + bytesLength(record.value);
  length += varintBytes(count) + headersLength(headers) + shared.length;
  let at = writeVarint(buffer, start, length);
  buffer[at] = 0;
  buffer[at + 1] = 0;
  at = writeVarint(buffer, at + 2, offsetDelta);
  at = writeBytes(buffer, at, record.key);
  at = writeBytes(buffer, at, record.value);
  at = writeVarint(buffer, at, count);
  at = writeHeaders(buffer, at, headers);
  if (shared.length > 0) buffer.set(shared, at);
  return at + shared.length;
}

function writeHeaders(buffer: Buffer, start: number, headers: readonly OutgoingHeader[]): number {
  let at = start;
  for (const [name, value] of headers) {
    at = writeBytes(buffer, at, nameBytes(name));
    at = writeBytes(buffer, at, value);
  }
  return at;
}

function headersLength(headers: readonly OutgoingHeader[]): number {
  let length = 0;
  for (const [name, value] of headers) length += bytesLength(nameBytes(name)) + bytesLength(value);
  return length;
}

/** The bytes of headers that many records share, written once; forgotten with the array. */
function sharedBlock(headers: readonly OutgoingHeader[]): Buffer {
  const known = sharedBlocks.get(headers);
  if (known !== undefined) return known;
  const block = Buffer.allocUnsafe(headersLength(headers));
  writeHeaders(block, 0, headers);
  sharedBlocks.set(headers, block);
  return block;
}

function bytesLength(bytes: Buffer | string | null): number {
  const size = sizeOfContent(bytes);
  return varintBytes(size) + size;
}

function writeBytes(buffer: Buffer, start: number, bytes: Buffer | string | null): number {
  if (bytes === null) {
    buffer[start] = 1;
    return start + 1;
  }
  if (typeof bytes === 'string') {
    const size = textBytes(bytes);
    return writeText(buffer, writeVarint(buffer, start, size), bytes, size);
  }
  const at = writeVarint(buffer, start, bytes.length);
  buffer.set(bytes, at);
  return at + bytes.length;
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

const namesSeen = new Map<string, Buffer>();

/** Header names repeat on every record; their bytes are remembered, up to a limit. */
function nameBytes(name: string): Buffer {
  const seen = namesSeen.get(name);
  if (seen !== undefined) return seen;
  const bytes = Buffer.from(name);
  if (namesSeen.size < headerNamesMax) namesSeen.set(name, bytes);
  return bytes;
}
