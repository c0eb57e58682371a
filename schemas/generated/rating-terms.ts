// Generated from state/rating-terms.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { Instant } from '../instant.ts';

/** Every version of the account and its contracts, as far as rating needs them. */
export interface RatingTerms {
  /** Ascending by effectiveAt, then version. */
  readonly accounts: readonly AccountTerms[];
  /** Ascending by effectiveAt, then version, then contractId. */
  readonly contracts: readonly ContractTerms[];
}

export interface AccountTerms {
  readonly version: number;
  readonly effectiveAt: Instant;
  readonly currency: string;
  readonly timeZone: string;
  /** active or closed. */
  readonly status: string;
}

export interface ContractTerms {
  readonly contractId: string;
  readonly version: number;
  readonly effectiveAt: Instant;
  readonly priceBookId: string;
  readonly usageMarkup: Amount;
  readonly outcomePlan: TermsOutcomePlan | null;
}

export interface TermsOutcomePlan {
  readonly baseFee: Amount;
  readonly includedOutcomes: number;
  readonly overageFactor: Amount;
  readonly prices: readonly TermsOutcomePrice[];
}

export interface TermsOutcomePrice {
  readonly outcomeType: string;
  readonly price: Amount;
  readonly baseRate: Amount;
}
