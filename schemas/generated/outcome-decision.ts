// Generated from records/outcome-decision.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** What we decided about a claim: bucket, billable or not, and why (O3, O5). */
export interface OutcomeDecision {
  readonly decisionId: string;
  readonly claimId: string;
  readonly accountId: AccountId;
  readonly outcomeType: string;
  readonly caseId: string;
  readonly projectId: string | null;
  readonly costCentre: string | null;
  /** auto, review or reject. */
  readonly bucket: string;
  readonly billable: boolean;
  /** verification or fallback. */
  readonly basis: string;
  /** Stable code. */
  readonly reason: string;
  readonly confidence: Amount | null;
  readonly definitionVersion: number;
  readonly policyVersion: string;
  readonly claimedAt: Instant;
  /** Stream time of the decision. */
  readonly decidedAt: Instant;
  readonly cause: Cause;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
