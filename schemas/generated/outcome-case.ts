// Generated from state/outcome-case.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** State of outcome-confidence: a claim and how far its decision is. */
export interface OutcomeCase {
  readonly claimId: string;
  readonly accountId: AccountId;
  readonly outcomeType: string;
  readonly caseId: string;
  readonly traceId: string | null;
  readonly projectId: string | null;
  readonly costCentre: string | null;
  readonly claimedAt: Instant;
  /** Bound when the claim is read, or when its definition arrives. */
  readonly definitionVersion: number | null;
  /** When the fallback decides; null before a definition is bound and after a decision. */
  readonly deadlineAt: Instant | null;
  readonly decided: boolean;
  /** The verification behind the decision; null for a fallback. */
  readonly verificationId: string | null;
  readonly confidence: Amount | null;
  readonly evidenceHash: string | null;
}
