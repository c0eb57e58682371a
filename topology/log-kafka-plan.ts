/**
 * Job: lay batches into requests.
 *
 * Boundary: sizes and order only; what is in a batch was decided when it was packed.
 *
 * Invariants:
 *  1. A round holds at most one batch per partition, as the protocol wants; rounds are sent in order, and the batches of a
 *     partition keep theirs.
 */

import type { PackedRecords, TopicPartition } from './log.ts';

/** Partitions of one request share this, so that a request stays far below `socket.request.max.bytes`. */
const requestBytesMax = 8_000_000;

/** Each partition once per round, and no round above `requestBytesMax`. */
export function planRounds(batches: readonly PackedRecords[]): readonly (readonly PackedRecords[])[] {
  const rounds: PackedRecords[][] = [];
  const bytesOf: number[] = [];
  const lastRoundOf = new Map<string, number>();
  for (const batch of batches) {
    const { length } = batch.bytes;
    const place = `${batch.topic}/${batch.partition}`;
    let round = (lastRoundOf.get(place) ?? -1) + 1;
    while ((bytesOf[round] ?? 0) > 0 && (bytesOf[round] ?? 0) + length > requestBytesMax) round += 1;
    const laid = rounds[round] ?? [];
    laid.push(batch);
    rounds[round] = laid;
    bytesOf[round] = (bytesOf[round] ?? 0) + length;
    lastRoundOf.set(place, round);
  }
  return rounds;
}

/** Each place once, in the order of first mention. */
export function distinct(places: readonly TopicPartition[]): readonly TopicPartition[] {
  return [...new Map(places.map((place) => [`${place.topic}/${place.partition}`, place])).values()];
}
