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

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/** The 32-bit murmur2 hash of Kafka's Java client, as a signed integer. */
export function murmur2(data: Buffer): number {
  const wordsEnd = data.length & ~3;
  let hash = seed ^ data.length;
  for (let at = 0; at < wordsEnd; at += 4) {
    let word = Math.imul(data.readInt32LE(at), multiplier);
    word = Math.imul(word ^ (word >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  if (wordsEnd < data.length) {
    const tail = data.readUIntLE(wordsEnd, data.length - wordsEnd);
    hash = Math.imul(hash ^ tail, multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

/** The partition of a key among `partitions`. The sign bit is dropped, not negated, as in Java. */
export function partitionOf(key: Buffer, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}
