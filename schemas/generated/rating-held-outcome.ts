// Generated from state/rating-held-outcome.avsc by npm run generate; do not edit.
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** A billable decision that no contract prices yet. */
export interface HeldOutcome {
  readonly decisionId: string;
  readonly accountId: AccountId;
  readonly outcomeType: string;
  /** verification or fallback. */
  readonly basis: string;
  readonly projectId: string | null;
  readonly costCentre: string | null;
  readonly claimedAt: Instant;
  /** The queues it stands in. */
  readonly waits: readonly HeldWait[];
}

export interface HeldWait {
  readonly thing: string;
  readonly slot: number;
}
