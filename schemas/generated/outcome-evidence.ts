// Generated from state/outcome-evidence.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** State of outcome-confidence: a verification that waits for its claim or its definition. */
export interface OutcomeEvidence {
  readonly verificationId: string;
  readonly claimId: string;
  readonly accountId: AccountId;
  readonly confidence: Amount;
  readonly qualityScore: Amount | null;
  readonly fields: Readonly<Record<string, string>>;
  readonly evidenceHash: string;
  readonly recordedAt: Instant;
  readonly cause: Cause;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
