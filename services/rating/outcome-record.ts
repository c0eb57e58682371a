/**
 * The charge for one billable decision, verified or by fallback.
 *
 * Boundary: the plan is found; how much a verified outcome adds is in `outcome-charge.ts`.
 *
 * Invariants: 1. A fallback costs the base rate, outside the allowance, and is not counted (O5).
 *             2. A verified outcome inside the allowance has a charge of 0, so every billable decision has one charge.
 */
import type { Charge, ChargeComponent } from '../../schemas/generated/charge.ts';
import type { OutcomeCount } from '../../schemas/generated/rating-outcome-counts.ts';
import { sumOf } from '../pricing/price-tokens.ts';
import { type Chargeable, isVerified, type Outcome } from './assess-outcome.ts';
import type { Origin } from './model.ts';
import { addedComponents } from './outcome-charge.ts';

interface Parts {
  readonly outcome: Outcome;
  readonly found: Chargeable;
  /** Outcomes counted before this one in its period and contract version. */
  readonly counts: readonly OutcomeCount[];
  readonly origin: Origin;
}

export function outcomeCharge({ outcome, found, counts, origin }: Parts): Charge {
  const components = componentsOf(outcome, found, counts);
  return {
    chargeId: `out:${outcome.decisionId}`,
    accountId: outcome.accountId,
    kind: isVerified(outcome) ? 'outcome' : 'outcome_fallback',
    status: 'rated',
    lineClass: 'outcome',
    requestId: null,
    decisionId: outcome.decisionId,
    amends: null,
    amount: sumOf(components),
    currency: found.account.currency,
    components,
    contractId: found.contract.contractId,
    contractVersion: found.contract.version,
    priceBookId: null,
    priceBookVersion: null,
    suspenseReason: null,
    projectId: outcome.projectId,
    costCentre: outcome.costCentre,
    apiKeyId: null,
    provider: null,
    model: null,
    occurredAt: outcome.claimedAt,
    recordedAt: origin.recordedAt,
    cause: origin.cause,
  };
}

function componentsOf(
  outcome: Outcome,
  { plan, price }: Chargeable,
  counts: readonly OutcomeCount[],
): readonly ChargeComponent[] {
  if (isVerified(outcome)) return addedComponents(plan, counts, outcome.outcomeType);
  const { outcomeType, baseRate } = price;
  return [{ item: outcomeType, quantity: 1, unitPrice: baseRate, amount: baseRate }];
}
