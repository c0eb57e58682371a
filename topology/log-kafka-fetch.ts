/**
 * Job: encode Fetch requests and read their responses.
 *
 * Boundary: one request, one response; positions and leaders belong to the reader.
 *
 * Invariants:
 *  1. Every fetch is read_committed and sessionless, so a response depends on its request alone.
 */

import type { Position, ReaderOptions, TopicPartition } from './log.ts';
import { beginFrame, endFrame } from './log-kafka-frame.ts';
import { WireReader, type WireWriter } from './log-kafka-wire.ts';
import type { AbortedTransaction } from './record-batch-decode.ts';

export const fetchKey = 1;
const fetchVersion = 11;
const readCommitted = 1;

export interface FetchedPartition extends TopicPartition {
  readonly errorCode: number;
  readonly stableOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly bytes: Buffer;
}

export interface FetchFrame {
  readonly clientId: string;
  readonly limits: Pick<ReaderOptions, 'fetchBytesMax' | 'partitionBytesMax' | 'fetchWaitMs'>;
}

export function encodeFetch(
  writer: WireWriter,
  positions: readonly Position[],
  { clientId, limits }: FetchFrame,
): Buffer {
  const start = beginFrame(writer, { apiKey: fetchKey, apiVersion: fetchVersion, clientId });
  writer.int32(-1);
  writer.int32(limits.fetchWaitMs);
  writer.int32(1);
  writer.int32(limits.fetchBytesMax);
  writer.int8(readCommitted);
  writer.int32(0);
  writer.int32(-1);
  writer.int32(positions.length);
  for (const { topic, partition, offset } of positions) {
    writer.string(topic);
    writer.int32(1);
    writer.int32(partition);
    writer.int32(-1);
    writer.int64(offset);
    writer.int64(-1);
    writer.int32(limits.partitionBytesMax);
  }
  writer.int32(0);
  writer.string('');
  return endFrame(writer, start);
}

export function decodeFetch(payload: Buffer): {
  readonly errorCode: number;
  readonly throttleMs: number;
  readonly partitions: readonly FetchedPartition[];
} {
  const reader = new WireReader(payload);
  const throttleMs = reader.int32();
  const errorCode = reader.int16();
  reader.int32();
  const topics = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => decodePartition(reader, topic));
  });
  return { errorCode, throttleMs, partitions: topics.flat() };
}

function decodePartition(reader: WireReader, topic: string): FetchedPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  reader.int64();
  const stableOffset = reader.int64();
  reader.int64();
  const aborted = reader.array(() => ({ producerId: reader.int64(), firstOffset: reader.int64() }));
  reader.int32();
  return { topic, partition, errorCode, stableOffset, aborted, bytes: reader.bytes() };
}
