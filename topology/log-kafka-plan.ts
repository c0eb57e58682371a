/**
 * Job: divide records into batches and batches into requests.
 *
 * Boundary: sizes and order only; nothing is encoded here.
 *
 * Invariants:
 *  1. The records of a partition keep their order, over batches and over rounds.
 *  2. A round holds at most one batch per partition, as the protocol wants; rounds are sent in order.
 *  3. No record, and so no batch, exceeds its limit; a record that does is refused before anything is sent.
 */

import { LogError, type OutgoingRecord, type TopicPartition } from './log.ts';
import { recordBytesBound } from './record-batch.ts';

/** Below the broker's default `message.max.bytes` of 1,048,588 with room for the header. */
const batchBytesMax = 900_000;
const recordBytesMax = 900_000;
/**
 * In a transaction: a dead letter holds a whole foreign record, as large as the broker lets through, and travels alone in
 * its batch to a topic that takes 2 MiB. What other topics do not take, the broker refuses.
 */
export const transactionRecordBytesMax = 2_000_000;
/** Partitions of one request share this, so that a request stays far below `socket.request.max.bytes`. */
const requestBytesMax = 8_000_000;

export interface PlannedBatch extends TopicPartition {
  readonly records: OutgoingRecord[];
  bytesBound: number;
}

/** Divides records into batches, oldest first, in one pass. */
export function planBatches(
  records: readonly OutgoingRecord[],
  bytesMax: number = recordBytesMax,
): readonly PlannedBatch[] {
  const batches: PlannedBatch[] = [];
  const open = new Map<string, PlannedBatch[]>();
  for (const record of records) {
    const bytes = recordBytesBound(record);
    if (bytes > bytesMax) {
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
