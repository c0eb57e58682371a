// Generated from records/contract.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** The terms of an account: prices, outcome plan, granted credits. A version replaces the one before from effectiveAt. */
export interface Contract {
  readonly contractId: string;
  readonly accountId: AccountId;
  readonly version: number;
  readonly effectiveAt: Instant;
  /** prepaid or postpaid. */
  readonly billingMode: string;
  /** Customer price book for usage. */
  readonly priceBookId: string;
  /** Factor on the book's prices; 1 is the book itself. */
  readonly usageMarkup: Amount;
  readonly outcomePlan: OutcomePlan | null;
  readonly grants: readonly GrantTerms[];
  /** Null: no limit. */
  readonly overdraftLimit: Amount | null;
}

/** Mode A (R1): base fee, included outcomes, then a factor on the outcome price. */
export interface OutcomePlan {
  readonly baseFee: Amount;
  readonly includedOutcomes: number;
  readonly overageFactor: Amount;
  readonly prices: readonly OutcomePrice[];
}

export interface OutcomePrice {
  readonly outcomeType: string;
  readonly price: Amount;
  /** Charged by the fallback when verification does not arrive (O5). */
  readonly baseRate: Amount;
}

/** Credits that come with the contract (L2). */
export interface GrantTerms {
  readonly grantId: string;
  /** promotional or included. */
  readonly kind: string;
  readonly amount: Amount;
  /** Lower burns first. */
  readonly priority: number;
  readonly expiresAt: Instant | null;
}
