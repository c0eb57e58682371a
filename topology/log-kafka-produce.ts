/**
 * Job: encode Produce requests and read their responses.
 *
 * Boundary: one request, one response; what goes into it is planned in `log-kafka-plan.ts`, sequence numbers and
 * sending belong to the callers.
 *
 * Invariants:
 *  1. A request is written in place, once, and is handed out as one piece of the writer's memory.
 *  2. Every request asks for all replicas (acks -1).
 */

import type { TopicPartition } from './log.ts';
import { beginFrame, endFrame } from './log-kafka-frame.ts';
import type { PlannedBatch } from './log-kafka-plan.ts';
import { WireReader, type WireWriter } from './log-kafka-wire.ts';
import { type BatchHeader, encodeRecordBatch } from './record-batch.ts';

export const produceKey = 0;
const produceVersion = 7;

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
