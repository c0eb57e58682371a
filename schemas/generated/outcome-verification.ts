// Generated from records/outcome-verification.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** What a verifier checked about a claim. */
export interface OutcomeVerification {
  readonly verificationId: string;
  readonly claimId: string;
  readonly accountId: AccountId;
  /** 0 to 1; bucket edges 0.7 and 0.9 (O3). */
  readonly confidence: Amount;
  readonly qualityScore: Amount | null;
  /** Criteria fields as text; compared as decimals where both sides are numbers. */
  readonly fields: Readonly<Record<string, string>>;
  readonly verifier: string;
  readonly verifierVersion: string;
  readonly evidenceHash: string;
  readonly verifiedAt: Instant;
}
