/** What was sent, as the broker took it: all that the auditor knows of the input. */
export interface Sent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly appendedAt: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** The code under which unreadable bytes, or a record under a wrong key, must be kept; null for a proper record. */
  readonly deadCode: string | null;
  readonly stage: number;
  /** Largest clock tick sent before; null before the first. */
  readonly streamTime: number | null;
}
