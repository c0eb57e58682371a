/**
 * Rule: a charge is spent from credits and earned as revenue.
 *
 * Invariants:
 *  1. The revenue postings of an account sum to exactly its charges.
 *  2. A charge beyond the overdraft limit is booked all the same: the use has taken place.
 *  3. A charge in suspense, or of nothing, moves no money and makes no entry.
 *  4. A charge beyond `MONEY_LIMITS` is refused; rating writes none, and invoice-rollups refuses it too.
 */
import { formatAmount, isNegative, ZERO } from '../../schemas/amount.ts';
import { subtractAmounts } from '../../schemas/amount-arithmetic.ts';
import { isBookable } from '../../schemas/money-limits.ts';
import { type Booking, receive, spend } from './booking.ts';
import { LEDGER } from './chart-of-accounts.ts';
import type { ChargeRead } from './model.ts';
import type { Occasion } from './occasion.ts';
import type { PaymentRefusal } from './payments.ts';
import type { EntryHead } from './posting.ts';

export function movesMoney(charge: ChargeRead): boolean {
  return charge.status !== 'suspense' && charge.amount !== ZERO && isBookable(charge.amount);
}

export function chargeProblem({ status, amount }: ChargeRead): PaymentRefusal | null {
  if (status === 'suspense' || isBookable(amount)) return null;
  const message = `a charge of ${formatAmount(amount)} is not real`;
  return { code: 'invalid_value', field: 'amount', message };
}

/** A negative charge is a correction in the customer's favour and comes back as a grant. */
export function bookCharge(charge: ChargeRead, occasion: Occasion): Booking {
  const head: EntryHead = {
    entryId: `charge:${charge.chargeId}`,
    kind: 'charge',
    reference: charge.chargeId,
    occurredAt: charge.occurredAt,
    bookedAt: occasion.recordedAt,
    cause: occasion.cause,
  };
  if (!isNegative(charge.amount)) return spend(head, charge.amount, { credited: LEDGER.revenue });
  return receive(head, subtractAmounts(ZERO, charge.amount), {
    debited: LEDGER.revenue,
    grantId: head.entryId,
  });
}
