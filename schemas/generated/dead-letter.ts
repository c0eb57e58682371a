// Generated from records/dead-letter.avsc by npm run generate; do not edit.
import type { Instant } from '../instant.ts';

/** A record nobody could read: raw bytes, origin and code. It can be read again later and is never dropped. */
export interface DeadLetter {
  readonly service: string;
  readonly code: string;
  readonly message: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly originTopic: string;
  readonly originPartition: number;
  readonly originOffset: number;
  readonly recordedAt: Instant;
  /** Producer instance, where the value could be read as a numbered use (U4). */
  readonly sourceId: string | null;
  /** Its number at that instance. */
  readonly sourceSequence: number | null;
}
