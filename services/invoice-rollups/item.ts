/**
 * Rule: which charges an invoice counts, and what it needs of them.
 *
 * Invariant: a charge in suspense owes nothing yet and is not counted; the charge that completes it is.
 */
import type { Charge } from '../../schemas/generated/charge.ts';
import type { InvoiceItem } from '../../schemas/generated/invoice-item.ts';
import type { InputOf } from './model.ts';

export function isInvoiced(charge: Charge): boolean {
  return charge.status !== 'suspense';
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
function quantityOf(charge: Charge): number {
  let quantity = 0;
  for (const component of charge.components) quantity += component.quantity;
  return quantity;
}
