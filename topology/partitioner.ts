/**
 * Job: choose the partition of a key, exactly as the Java client does, so that records written by any Kafka client
 * with its default partitioner meet ours in the same partition.
 *
 * Boundary: a pure function of the key bytes and the partition count. Records without a key have no partition here;
 * their writer names one.
 *
 * Invariants:
 *  1. The hash is murmur2 with the Java client's seed; the same bytes always give the same partition.
 *  2. A partition count is fixed for the life of a topic: changing it moves keys.
 */

import { type Extent, extentOf } from '../schemas/extent.ts';

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/** The 32-bit murmur2 hash of Kafka's Java client, as a signed integer. */
export function murmur2(key: Buffer | Extent): number {
  const { memory, from, to } = extentOf(key);
  let hash = seed ^ (to - from);
  let at = from;
  for (; at + 4 <= to; at += 4) {
    let word = Math.imul(wordAt(memory, at), multiplier);
    word = Math.imul(word ^ (word >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  if (at < to) {
    let tail = 0;
    for (let last = to - 1; last >= at; last -= 1) tail = (tail << 8) | (memory[last] ?? 0);
    hash = Math.imul(hash ^ tail, multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

/** The partition of a key among `partitions`. The sign bit is dropped, not negated, as in Java. */
export function partitionOf(key: Buffer | Extent, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

/** Little-endian. */
function wordAt(memory: Buffer, at: number): number {
  const low = (memory[at] ?? 0) | ((memory[at + 1] ?? 0) << 8);
  return low | ((memory[at + 2] ?? 0) << 16) | ((memory[at + 3] ?? 0) << 24);
}
