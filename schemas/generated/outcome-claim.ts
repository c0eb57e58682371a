// Generated from records/outcome-claim.avsc by npm run generate; do not edit.
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** Someone says that an outcome was reached for a case or trace. */
export interface OutcomeClaim {
  readonly claimId: string;
  readonly accountId: AccountId;
  /** Name of an OutcomeDefinition. */
  readonly outcomeType: string;
  readonly caseId: string;
  readonly traceId: string | null;
  readonly projectId: string | null;
  readonly costCentre: string | null;
  readonly claimedAt: Instant;
}
