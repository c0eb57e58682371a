/**
 * Digests of what a step wrote, and the chain over steps (L7, Q3).
 *
 * Invariants:
 *  1. The digest of outputs covers topic, key and Avro body of each, in order, with lengths, so no two different
 *     lists share a byte string. The schema id is left out: another registry may number schemas otherwise.
 *  2. The digest of a step covers everything in its record but itself, the digest of the step before included.
 */
import { createHash } from 'node:crypto';
import { encodeBody } from '../schemas/codec.ts';
import type { Step } from '../schemas/generated/step.ts';
import { sizeOfContent, writeText } from './text-bytes.ts';

const FRAME_BYTES = 5;
/** Up to here a loop is faster than a call. */
const SHORT_BYTES_MAX = 32;
const SCRATCH_BYTES = 64 * 1024;

export const NO_DIGEST: Buffer = Buffer.alloc(32);

export interface DigestedOutput {
  readonly topic: string;
  readonly key: Buffer | string;
  /** Framed Avro. */
  readonly value: Buffer;
}

/** Small pieces are gathered in one buffer because a call into the hash costs more than hashing them. */
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

export function digestOutputs(outputs: readonly DigestedOutput[]): Buffer {
  const hash = createHash('sha256');
  let used = 0;
  for (const output of outputs) {
    const size = 12 + output.topic.length + sizeOfContent(output.key) + output.value.length - FRAME_BYTES;
    if (used + size > SCRATCH_BYTES) {
      hash.update(scratch.subarray(0, used));
      used = 0;
    }
    if (size > SCRATCH_BYTES) {
      const large = Buffer.allocUnsafe(size);
      putPieces(output, large, 0);
      hash.update(large);
      continue;
    }
    putPieces(output, scratch, used);
    used += size;
  }
  return hash.update(scratch.subarray(0, used)).digest();
}

function putPieces(output: DigestedOutput, target: Buffer, start: number): void {
  const { topic, key, value } = output;
  const keyLength = sizeOfContent(key);
  const keyAt = start + 4 + topic.length + 4;
  const bodyAt = keyAt + keyLength + 4;
  // The frame is copied with the body, where the pieces before it then overwrite it: a part of a buffer costs more.
  value.copy(target, bodyAt - FRAME_BYTES);
  putLength(target, start, topic.length);
  for (let index = 0; index < topic.length; index += 1) target[start + 4 + index] = topic.charCodeAt(index);
  putLength(target, keyAt - 4, keyLength);
  if (typeof key === 'string') writeText(target, keyAt, key, keyLength);
  else if (key.length > SHORT_BYTES_MAX) key.copy(target, keyAt);
  else for (let index = 0; index < key.length; index += 1) target[keyAt + index] = key[index] ?? 0;
  putLength(target, bodyAt - 4, value.length - FRAME_BYTES);
}

function putLength(target: Buffer, at: number, length: number): void {
  target[at] = length >>> 24;
  target[at + 1] = length >>> 16;
  target[at + 2] = length >>> 8;
  target[at + 3] = length;
}

/** The record of a step with its own digest filled in. */
export function sealStep(step: Omit<Step, 'digest'>): Step {
  const digest = createHash('sha256')
    .update(encodeBody('Step', { ...step, digest: Buffer.alloc(0) }))
    .digest();
  return { ...step, digest };
}
