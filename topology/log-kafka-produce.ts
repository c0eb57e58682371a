/**
 * Job: plan and encode Produce requests, and read their responses.
 *
 * Boundary: which records go into which batch and request; sending and sequence numbers belong to the callers.
 *
 * Invariants:
 *  1. The records of a partition keep their order, over batches and over rounds.
 *  2. A round holds at most one batch per partition, as the protocol wants; rounds are sent in order.
 *  3. No batch exceeds `batchBytesMax` unless it is a single record, and no record exceeds `recordBytesMax`.
 */

import { LogError, type OutgoingRecord, type TopicPartition } from './log.ts';
import { beginFrame, endFrame, WireReader, type WireWriter } from './log-kafka-wire.ts';
import { type BatchHeader, encodeRecordBatch, recordBytesBound } from './record-batch.ts';

/** Below the broker's default `message.max.bytes` of 1,048,588 with room for the header. */
const batchBytesMax = 900_000;
const recordBytesMax = 900_000;
/** Partitions of one request share this, so that a request stays far below `socket.request.max.bytes`. */
const requestBytesMax = 8_000_000;

export const produceKey = 0;
const produceVersion = 7;

export interface PlannedBatch extends TopicPartition {
  readonly records: OutgoingRecord[];
  bytesBound: number;
}

export interface ProducedBatch extends TopicPartition {
  readonly errorCode: number;
  readonly baseOffset: number;
}

export interface ProduceFrame {
  readonly clientId: string;
  readonly transactionalId: string | null;
  readonly timeoutMs: number;
  readonly headerOf: (batch: PlannedBatch) => BatchHeader;
}

/** Divides records into batches, oldest first, in one pass. */
export function planBatches(records: readonly OutgoingRecord[]): readonly PlannedBatch[] {
  const batches: PlannedBatch[] = [];
  const open = new Map<string, PlannedBatch[]>();
  for (const record of records) {
    const bytes = recordBytesBound(record);
    if (bytes > recordBytesMax) {
      throw new LogError(
        'fatal',
        'MESSAGE_TOO_LARGE',
        `${bytes} bytes for ${record.topic}/${record.partition}`,
      );
    }
    const ofTopic = open.get(record.topic) ?? [];
    if (ofTopic.length === 0) open.set(record.topic, ofTopic);
    let batch = ofTopic[record.partition];
    if (batch === undefined || batch.bytesBound + bytes > batchBytesMax) {
      batch = { topic: record.topic, partition: record.partition, records: [], bytesBound: 0 };
      ofTopic[record.partition] = batch;
      batches.push(batch);
    }
    batch.records.push(record);
    batch.bytesBound += bytes;
  }
  return batches;
}

/** Lays batches into requests: each partition once per round, and no round above `requestBytesMax`. */
export function planRounds(batches: readonly PlannedBatch[]): readonly (readonly PlannedBatch[])[] {
  const rounds: PlannedBatch[][] = [];
  const bytesOf: number[] = [];
  const lastRoundOf = new Map<string, number>();
  for (const batch of batches) {
    const place = `${batch.topic}/${batch.partition}`;
    let round = (lastRoundOf.get(place) ?? -1) + 1;
    while ((bytesOf[round] ?? 0) > 0 && (bytesOf[round] ?? 0) + batch.bytesBound > requestBytesMax)
      round += 1;
    const laid = rounds[round] ?? [];
    laid.push(batch);
    rounds[round] = laid;
    bytesOf[round] = (bytesOf[round] ?? 0) + batch.bytesBound;
    lastRoundOf.set(place, round);
  }
  return rounds;
}

/** Encodes one request at the writer's place. The frame is valid until the writer is reset. */
export function encodeProduce(
  writer: WireWriter,
  batches: readonly PlannedBatch[],
  request: ProduceFrame,
): Buffer {
  const start = beginFrame(writer, {
    apiKey: produceKey,
    apiVersion: produceVersion,
    clientId: request.clientId,
  });
  writer.string(request.transactionalId);
  writer.int16(-1);
  writer.int32(request.timeoutMs);
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  writer.int32(topics.size);
  for (const [topic, ofTopic] of topics) {
    writer.string(topic);
    writer.int32(ofTopic.length);
    for (const batch of ofTopic) {
      writer.int32(batch.partition);
      const sizeAt = writer.at;
      writer.int32(0);
      encodeRecordBatch(writer, batch, request.headerOf(batch));
      writer.buffer.writeInt32BE(writer.at - sizeAt - 4, sizeAt);
    }
  }
  return endFrame(writer, start);
}

export function decodeProduce(payload: Buffer): {
  readonly batches: readonly ProducedBatch[];
  readonly throttleMs: number;
} {
  const reader = new WireReader(payload);
  const topics = reader.array(() => {
    const topic = reader.string();
    return reader.array((): ProducedBatch => {
      const partition = reader.int32();
      const errorCode = reader.int16();
      const baseOffset = reader.int64();
      reader.int64();
      reader.int64();
      return { topic, partition, errorCode, baseOffset };
    });
  });
  return { batches: topics.flat(), throttleMs: reader.int32() };
}
