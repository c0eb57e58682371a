/**
 * Rule: which charges an invoice counts, and what it needs of them.
 *
 * Invariants:
 *  1. A charge in suspense owes nothing yet and is not counted; the charge that completes it is.
 *  2. A charge beyond `MONEY_LIMITS` is not counted: credit-balances does not book it, and an invoice asks for nothing else.
 */
import type { InvoiceItem } from '../../schemas/generated/invoice-item.ts';
import { isBookable } from '../../schemas/money-limits.ts';
import { USAGE_LIMITS } from '../../schemas/usage-rules.ts';
import type { ChargeRead, InputOf } from './model.ts';

export function isInvoiced(charge: ChargeRead): boolean {
  return charge.status !== 'suspense' && isBookable(charge.amount);
}

/** Quantities are shown and never paid by, so what is more than can be written exactly is shown as the most that can. */
export function addQuantities(one: number, other: number): number {
  return Math.min(one + other, USAGE_LIMITS.sequenceMax);
}

export function itemOf({ value, cause }: InputOf<'charges'>): InvoiceItem {
  return {
    chargeId: value.chargeId,
    accountId: value.accountId,
    lineClass: value.lineClass,
    costCentre: value.costCentre,
    amount: value.amount,
    currency: value.currency,
    quantity: quantityOf(value),
    occurredAt: value.occurredAt,
    cause,
  };
}

/** Tokens, outcomes or fees: whatever the line counts. */
function quantityOf(charge: ChargeRead): number {
  let quantity = 0;
  for (const component of charge.components) quantity = addQuantities(quantity, component.quantity);
  return quantity;
}
