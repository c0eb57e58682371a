/**
 * Job: encode Produce requests and read their responses, in the two versions that are in use.
 *
 * Boundary: one request, one response; what goes into it is planned in `log-kafka-plan.ts`, sequence numbers and
 * sending belong to the callers.
 *
 * Invariants:
 *  1. A request is written in place, once, and is handed out as one piece of the writer's memory.
 *  2. Every request asks for all replicas (acks -1).
 *  3. Version 12 says more than the same bytes in another form: within a transaction it also enlists the partitions
 *     (KIP-890), so it is used where the cluster works with transactions of version 2 and nowhere else.
 */

import type { PackedRecords, TopicPartition } from './log.ts';
import { beginFrame, endFrame } from './log-kafka-frame.ts';
import { WireReader, type WireWriter } from './log-kafka-wire.ts';
import { type BatchHeader, encodeRecordBatch } from './record-batch.ts';

export const produceKey = 0;

/** 7 writes lengths of fixed size, 12 is one of the flexible versions. */
export type ProduceVersion = 7 | 12;

export interface ProducedBatch extends TopicPartition {
  readonly errorCode: number;
  readonly baseOffset: number;
  /** Null where the topic keeps the writer's time. */
  readonly appendedAt: number | null;
}

export interface ProduceFrame {
  readonly version: ProduceVersion;
  readonly clientId: string;
  readonly transactionalId: string | null;
  readonly timeoutMs: number;
  readonly headerOf: (batch: PackedRecords) => BatchHeader;
}

/** What differs between the two forms of a request. */
interface Form {
  readonly text: (writer: WireWriter, value: string | null) => void;
  readonly count: (writer: WireWriter, value: number) => void;
  /** Reserves the length in front of a piece, and returns where it goes. */
  readonly beginBytes: (writer: WireWriter) => number;
  readonly endBytes: (writer: WireWriter, at: number) => void;
  readonly tags: (writer: WireWriter) => void;
}

const fixedForm: Form = {
  text: (writer, value) => writer.string(value),
  count: (writer, value) => writer.int32(value),
  beginBytes: (writer) => {
    writer.int32(0);
    return writer.at - 4;
  },
  endBytes: (writer, at) => void writer.buffer.writeInt32BE(writer.at - at - 4, at),
  tags: () => undefined,
};

const flexibleForm: Form = {
  text: (writer, value) => writer.compactString(value),
  count: (writer, value) => writer.uvarint(value + 1),
  beginBytes: (writer) => writer.reserveUvarint(),
  endBytes: (writer, at) => writer.fillUvarint(at),
  tags: (writer) => writer.noTags(),
};

/** Encodes one request at the writer's place. The frame is valid until the writer is reset. */
export function encodeProduce(
  writer: WireWriter,
  batches: readonly PackedRecords[],
  request: ProduceFrame,
): Buffer {
  const { version, clientId, transactionalId, timeoutMs } = request;
  const form = version === 12 ? flexibleForm : fixedForm;
  const start = beginFrame(writer, { apiKey: produceKey, apiVersion: version, clientId });
  form.tags(writer);
  form.text(writer, transactionalId);
  writer.int16(-1);
  writer.int32(timeoutMs);
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  form.count(writer, topics.size);
  for (const [topic, ofTopic] of topics) {
    form.text(writer, topic);
    form.count(writer, ofTopic.length);
    for (const batch of ofTopic) {
      writer.int32(batch.partition);
      const sizeAt = form.beginBytes(writer);
      encodeRecordBatch(writer, batch, request.headerOf(batch));
      form.endBytes(writer, sizeAt);
      form.tags(writer);
    }
    form.tags(writer);
  }
  form.tags(writer);
  return endFrame(writer, start);
}

interface ProduceAnswer {
  readonly batches: readonly ProducedBatch[];
  readonly throttleMs: number;
}

export function decodeProduce(payload: Buffer, version: ProduceVersion): ProduceAnswer {
  const reader = new WireReader(payload);
  return version === 12 ? decodeFlexible(reader) : decodeFixed(reader);
}

function decodeFixed(reader: WireReader): ProduceAnswer {
  const topics = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => decodeBatch(reader, topic));
  });
  return { batches: topics.flat(), throttleMs: reader.int32() };
}

function decodeFlexible(reader: WireReader): ProduceAnswer {
  reader.skipTags();
  const topics = reader.compactArray(() => {
    const topic = reader.compactString() ?? '';
    const batches = reader.compactArray(() => {
      const batch = decodeBatch(reader, topic);
      skipRecordErrors(reader);
      reader.skipTags();
      return batch;
    });
    reader.skipTags();
    return batches;
  });
  return { batches: topics.flat(), throttleMs: reader.int32() };
}

function decodeBatch(reader: WireReader, topic: string): ProducedBatch {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const baseOffset = reader.int64();
  const appendedAt = reader.int64();
  reader.int64();
  return { topic, partition, errorCode, baseOffset, appendedAt: appendedAt < 0 ? null : appendedAt };
}

/** Which record was at fault and why, in words; the code says as much as a caller can use. */
function skipRecordErrors(reader: WireReader): void {
  reader.compactArray(() => {
    reader.int32();
    reader.compactString();
    reader.skipTags();
  });
  reader.compactString();
}
