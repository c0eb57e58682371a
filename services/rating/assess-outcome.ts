/**
 * Finds everything that decides the price of one billable decision, or names what is missing.
 *
 * Boundary: looks things up and computes no amount, so that `evolve` may ask again what `decide` asked.
 *
 * Invariants: 1. All terms are those in force when the outcome was claimed. 2. Outcomes are counted per account,
 *             billing period of the claim and contract version; each of these has an allowance of its own.
 */
import { billingPeriodOf } from '../../schemas/billing-period.ts';
import type { OutcomeDecision } from '../../schemas/generated/outcome-decision.ts';
import type { HeldOutcome } from '../../schemas/generated/rating-held-outcome.ts';
import type {
  AccountTerms,
  ContractTerms,
  TermsOutcomePlan,
  TermsOutcomePrice,
} from '../../schemas/generated/rating-terms.ts';
import type { RefusalCode } from '../../schemas/refusals.ts';
import { termsThing } from './assess-use.ts';
import type { View } from './model.ts';
import { inForce } from './terms.ts';

/** What a charge needs of a decision: a decision is one, and so is what is kept of it while it is held. */
export type Outcome = Omit<HeldOutcome, 'waits'>;

export interface Chargeable {
  readonly kind: 'chargeable';
  readonly account: AccountTerms;
  readonly contract: ContractTerms;
  readonly plan: TermsOutcomePlan;
  readonly price: TermsOutcomePrice;
  /** Where outcomes of this period and contract version are counted. */
  readonly countsKey: string;
}

export interface HeldBack {
  readonly kind: 'held';
  readonly code: RefusalCode;
  readonly field: string;
  readonly message: string;
  readonly things: readonly string[];
}

export function isVerified(outcome: Outcome): boolean {
  return outcome.basis === 'verification';
}

/** Decisions of another basis say nothing about an amount; `decide` refuses them when they are billable. */
export function isCharged(decision: OutcomeDecision): boolean {
  return decision.billable && (decision.basis === 'verification' || decision.basis === 'fallback');
}

export function assessOutcome(view: Pick<View, 'terms'>, outcome: Outcome): Chargeable | HeldBack {
  const terms = view.terms.get(outcome.accountId);
  const account = terms === undefined ? null : inForce(terms.accounts, outcome.claimedAt);
  if (account === null) return hold(outcome, 'account_unknown', 'accountId');
  const contract = terms === undefined ? null : inForce(terms.contracts, outcome.claimedAt);
  if (contract === null) return hold(outcome, 'contract_missing', 'accountId');
  const plan = contract.outcomePlan;
  const price = plan?.prices.find(({ outcomeType }) => outcomeType === outcome.outcomeType);
  if (plan === null || price === undefined) return hold(outcome, 'outcome_unknown', 'outcomeType');
  const { period } = billingPeriodOf(outcome.claimedAt, account.timeZone);
  const countsKey = `${outcome.accountId}/${period}/${contract.contractId}/${contract.version}`;
  return { kind: 'chargeable', account, contract, plan, price, countsKey };
}

function hold(outcome: Outcome, code: RefusalCode, field: string): HeldBack {
  const message = `outcome ${outcome.outcomeType} of ${outcome.accountId} is held until a contract prices it`;
  return { kind: 'held', code, field, message, things: [termsThing(outcome.accountId)] };
}
