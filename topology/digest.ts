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
import { sizeMaxOfContent, writeContent } from './text-bytes.ts';

const FRAME_BYTES = 5;
const SCRATCH_BYTES = 16 * 1024;

export const NO_DIGEST: Buffer = Buffer.alloc(32);

export interface DigestedOutput {
  readonly topic: string;
  readonly key: Buffer | string;
  /** Framed Avro. */
  readonly value: Buffer;
}

export function digestOutputs(outputs: readonly DigestedOutput[]): Buffer {
  const digest = new OutputDigest();
  for (const { topic, key, value } of outputs)
    digest.add({ topic, key }, value, { from: 0, to: value.length });
  return digest.end();
}

/** Memory of digests that have ended, for the next ones. */
const scratches: Buffer[] = [];

/** The digest of outputs that come one by one. */
export class OutputDigest {
  readonly #hash = createHash('sha256');
  /** Small pieces are gathered because a call into the hash costs more than hashing them. */
  readonly #scratch = scratches.pop() ?? Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #used = 0;

  /** `range` is where the framed value stands in `memory`. */
  add(
    { topic, key }: Omit<DigestedOutput, 'value'>,
    memory: Buffer,
    range: { from: number; to: number },
  ): void {
    const from = range.from + FRAME_BYTES;
    const length = range.to - from;
    const lengthMax = 12 + topic.length + sizeMaxOfContent(key) + length;
    if (this.#used + lengthMax > SCRATCH_BYTES) this.#flush();
    const isLarge = lengthMax > SCRATCH_BYTES;
    const target = isLarge ? Buffer.allocUnsafe(lengthMax) : this.#scratch;
    const start = this.#used;
    const keyAt = writeContent(target, start + 4, topic) + 4;
    putLength(target, start, keyAt - 8 - start);
    const bodyAt = writeContent(target, keyAt, key) + 4;
    putLength(target, keyAt - 4, bodyAt - 4 - keyAt);
    putLength(target, bodyAt - 4, length);
    memory.copy(target, bodyAt, from, range.to);
    if (isLarge) this.#hash.update(target.subarray(0, bodyAt + length));
    else this.#used = bodyAt + length;
  }

  end(): Buffer {
    this.#flush();
    scratches.push(this.#scratch);
    return this.#hash.digest();
  }

  #flush(): void {
    if (this.#used > 0) this.#hash.update(this.#scratch.subarray(0, this.#used));
    this.#used = 0;
  }
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
