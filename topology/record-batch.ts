/**
 * Job: make a Kafka record batch (format v2) of records that are packed.
 *
 * Boundary: bytes only; which records belong together and under which sequence number is decided elsewhere.
 *
 * Invariants:
 *  1. A batch is written in place, into the caller's writer; its records are copied there once, all together.
 *  2. The checksum is crc32c over everything from the attributes on.
 */

import { crc32c } from '@node-rs/crc32';
import type { PackedRecords } from './log.ts';
import { type WireWriter, writeInt64 } from './log-kafka-wire.ts';

export const batchHeaderBytes = 61;
const attributesAt = 21;
const transactionalBit = 0x10;

export interface BatchHeader {
  readonly timestamp: number;
  readonly transactional: boolean;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** Writes the batch at the writer's place. */
export function encodeRecordBatch(
  writer: WireWriter,
  { bytes, count }: Pick<PackedRecords, 'bytes' | 'count'>,
  header: BatchHeader,
): void {
  writer.reserve(batchHeaderBytes + bytes.length);
  const start = writer.at;
  const { buffer } = writer;
  const end = start + batchHeaderBytes + bytes.length;
  writeInt64(buffer, 0, start);
  buffer.writeInt32BE(end - start - 12, start + 8);
  buffer.writeInt32BE(-1, start + 12);
  buffer[start + 16] = 2;
  buffer.writeInt16BE(header.transactional ? transactionalBit : 0, start + attributesAt);
  buffer.writeInt32BE(count - 1, start + 23);
  writeInt64(buffer, header.timestamp, start + 27);
  writeInt64(buffer, header.timestamp, start + 35);
  writeInt64(buffer, header.producerId, start + 43);
  buffer.writeInt16BE(header.producerEpoch, start + 51);
  buffer.writeInt32BE(header.baseSequence, start + 53);
  buffer.writeInt32BE(count, start + 57);
  bytes.copy(buffer, start + batchHeaderBytes);
  buffer.writeUInt32BE(crc32c(buffer.subarray(start + attributesAt, end)), start + 17);
  writer.at = end;
}
