/**
 * Mode A (R1): a base fee, an allowance of outcomes, and a factor on every outcome beyond it.
 *
 * Job: what a plan owes for a set of verified outcomes, and what one more adds. Boundary: counts in, components out.
 *
 * Invariants:
 *  1. What is owed depends on the counts alone: the allowance covers the dearest outcomes, the rest costs its price
 *     times the factor. So the same set in any order owes the same.
 *  2. One more outcome adds `owed(after) - owed(before)`, which is never negative. Beyond the allowance it makes
 *     exactly one outcome payable: itself, or a cheaper one that it displaces from the allowance.
 *  3. The factor is applied to the unit price (half-even at 12 decimals); quantities multiply exactly.
 */
import { type Amount, ZERO } from '../../schemas/amount.ts';
import { addAmounts, compareAmounts, multiplyAmounts, timesCount } from '../../schemas/amount-arithmetic.ts';
import type { ChargeComponent } from '../../schemas/generated/charge.ts';
import type { OutcomeCount } from '../../schemas/generated/rating-outcome-counts.ts';
import type { TermsOutcomePlan, TermsOutcomePrice } from '../../schemas/generated/rating-terms.ts';

/** What the plan owes for all these outcomes together, the base fee aside. */
export function owedFor(plan: TermsOutcomePlan, counts: readonly OutcomeCount[]): Amount {
  let owed = ZERO;
  for (const { price, payable } of payables(plan, counts)) {
    owed = addAmounts(owed, timesCount(overagePrice(plan, price), payable));
  }
  return owed;
}

/**
 * The components of one more outcome. Where it displaces a cheaper one, the first line says that it is covered itself
 * and the second which outcome has become payable.
 */
export function addedComponents(
  plan: TermsOutcomePlan,
  counts: readonly OutcomeCount[],
  outcomeType: string,
): readonly ChargeComponent[] {
  const before = payables(plan, counts);
  const after = payables(plan, countMore(counts, outcomeType));
  const made = after.find(({ price, payable }, index) => {
    const known = before[index];
    return known?.price.outcomeType === price.outcomeType && payable > known.payable;
  });
  if (made === undefined) return [component(outcomeType, ZERO)];
  const payable = component(made.price.outcomeType, overagePrice(plan, made.price));
  if (made.price.outcomeType === outcomeType) return [payable];
  return [component(outcomeType, ZERO), payable];
}

/** Counts with one more of a type, ascending by type. */
export function countMore(counts: readonly OutcomeCount[], outcomeType: string): readonly OutcomeCount[] {
  const known = counts.find((count) => count.outcomeType === outcomeType);
  const others = counts.filter((count) => count !== known);
  const more = { outcomeType, count: (known?.count ?? 0) + 1 };
  return [...others, more].sort((left, right) => (left.outcomeType < right.outcomeType ? -1 : 1));
}

interface Payable {
  readonly price: TermsOutcomePrice;
  readonly payable: number;
}

/** Every priced type, dearest first, with how many of it the allowance does not cover. */
function payables(plan: TermsOutcomePlan, counts: readonly OutcomeCount[]): readonly Payable[] {
  const byType = new Map(counts.map(({ outcomeType, count }) => [outcomeType, count]));
  let allowance = plan.includedOutcomes;
  return [...plan.prices].sort(dearestFirst).map((price) => {
    const count = byType.get(price.outcomeType) ?? 0;
    const covered = Math.min(count, allowance);
    allowance -= covered;
    return { price, payable: count - covered };
  });
}

/** Equal prices are ordered by name, so that the lines of a charge do not depend on the order in the plan. */
function dearestFirst(left: TermsOutcomePrice, right: TermsOutcomePrice): number {
  return compareAmounts(right.price, left.price) || (left.outcomeType < right.outcomeType ? -1 : 1);
}

function overagePrice(plan: TermsOutcomePlan, { price }: TermsOutcomePrice): Amount {
  return multiplyAmounts(price, plan.overageFactor, 'half_even');
}

function component(item: string, unitPrice: Amount): ChargeComponent {
  return { item, quantity: 1, unitPrice, amount: unitPrice };
}
