// Generated from records/refusal.avsc by npm run generate; do not edit.
import type { Instant } from '../instant.ts';

/** A readable record that is not acceptable: a stable code, the field, and the way out. */
export interface Refusal {
  readonly service: string;
  readonly code: string;
  readonly field: string | null;
  readonly message: string;
  /** Whether the same record may be accepted later. */
  readonly transient: boolean;
  readonly accountId: string | null;
  readonly recordId: string | null;
  readonly originTopic: string;
  readonly originPartition: number;
  readonly originOffset: number;
  readonly recordedAt: Instant;
  /** Producer instance of a refused use that was numbered (U4). */
  readonly sourceId: string | null;
  /** Its number at that instance. */
  readonly sourceSequence: number | null;
}
