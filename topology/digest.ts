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

const FRAME_BYTES = 5;
const SCRATCH_BYTES = 64 * 1024;

export const NO_DIGEST: Buffer = Buffer.alloc(32);

export interface DigestedOutput {
  readonly topic: string;
  readonly key: Buffer;
  /** Framed Avro. */
  readonly value: Buffer;
}

export function digestOutputs(outputs: readonly DigestedOutput[]): Buffer {
  const hash = createHash('sha256');
  // Small pieces are gathered in one buffer because a call into the hash costs more than hashing them.
  const scratch = Buffer.allocUnsafe(SCRATCH_BYTES);
  let used = 0;
  for (const output of outputs) {
    const size = 12 + output.topic.length + output.key.length + output.value.length - FRAME_BYTES;
    if (used + size > SCRATCH_BYTES) {
      hash.update(scratch.subarray(0, used));
      used = 0;
    }
    if (size > SCRATCH_BYTES) {
      hash.update(pieces(output, Buffer.allocUnsafe(size), 0));
      continue;
    }
    pieces(output, scratch, used);
    used += size;
  }
  return hash.update(scratch.subarray(0, used)).digest();
}

function pieces(output: DigestedOutput, target: Buffer, start: number): Buffer {
  let at = target.writeUInt32BE(output.topic.length, start);
  at += target.write(output.topic, at, 'latin1');
  at = target.writeUInt32BE(output.key.length, at);
  at += output.key.copy(target, at);
  at = target.writeUInt32BE(output.value.length - FRAME_BYTES, at);
  at += output.value.copy(target, at, FRAME_BYTES);
  return target.subarray(start, at);
}

/** The record of a step with its own digest filled in. */
export function sealStep(step: Omit<Step, 'digest'>): Step {
  const digest = createHash('sha256')
    .update(encodeBody('Step', { ...step, digest: Buffer.alloc(0) }))
    .digest();
  return { ...step, digest };
}
