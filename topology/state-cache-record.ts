/**
 * A record in a block of the local cache: length of the key, length of the value (-1 where the key was deleted), when it falls
 * due (NaN where the record does not say, infinity for never), key, value.
 */
import type { Extent } from '../schemas/extent.ts';

export const RECORD_HEAD_BYTES = 16;

export function keyAt(block: Buffer, at: number): Extent {
  return { memory: block, from: at + RECORD_HEAD_BYTES, to: keyEnd(block, at) };
}

export function isTombstone(block: Buffer, at: number): boolean {
  return block.readInt32LE(at + 4) < 0;
}

export function recordEnd(block: Buffer, at: number): number {
  return keyEnd(block, at) + Math.max(block.readInt32LE(at + 4), 0);
}

/** Undefined where the record does not say, null where it never falls due. */
export function dueAtOf(block: Buffer, at: number): number | null | undefined {
  const dueAt = block.readDoubleLE(at + 8);
  if (Number.isNaN(dueAt)) return undefined;
  return dueAt === Number.POSITIVE_INFINITY ? null : dueAt;
}

function keyEnd(block: Buffer, at: number): number {
  return at + RECORD_HEAD_BYTES + block.readUInt32LE(at);
}
