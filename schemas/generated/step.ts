// Generated from records/step.avsc by npm run generate; do not edit.
import type { Instant } from '../instant.ts';

/** One committed transaction of a task: what it took, in which order, and the digest of what it wrote (L7, Q3). */
export interface Step {
  readonly service: string;
  readonly partition: number;
  readonly step: number;
  readonly ranges: readonly StepRange[];
  readonly held: readonly HeldRecord[];
  readonly streamTime: Instant | null;
  readonly outputs: number;
  readonly outputDigest: Buffer;
  readonly previousDigest: Buffer;
  readonly digest: Buffer;
}

/** Records with from <= offset < to, taken in the order of this list. */
export interface StepRange {
  readonly topic: string;
  readonly from: number;
  readonly to: number;
}

/** Records held as dead letters because their schema id could not be resolved at the time. */
export interface HeldRecord {
  readonly topic: string;
  readonly offset: number;
}
