/**
 * The entries of a payment: cash comes in, cash goes back.
 *
 * Boundary: the fact to be booked is in the payment's state, so a payment that waited for its account gives the same
 * entry as one that did not, with the place and append time of the event itself.
 */
import type { CreditPayment, PaymentRefund } from '../../schemas/generated/credit-payment.ts';
import { type Booking, receive, spend } from './booking.ts';
import { LEDGER } from './chart-of-accounts.ts';

export function bookPayment(
  payment: CreditPayment,
  books: readonly ('success' | PaymentRefund)[],
): readonly Booking[] {
  return books.map((fact) => (fact === 'success' ? bookSuccess(payment) : bookRefund(payment, fact)));
}

/** All that is known of a payment; nothing before its success. */
export function bookWhole(payment: CreditPayment): readonly Booking[] {
  return payment.success === null ? [] : bookPayment(payment, ['success', ...payment.refunds]);
}

function bookSuccess({ paymentId, success }: CreditPayment): Booking {
  if (success === null) throw new Error(`payment ${paymentId}: booked before it has succeeded`);
  return receive(
    {
      entryId: `payment:${paymentId}`,
      kind: 'payment',
      reference: paymentId,
      occurredAt: success.occurredAt,
      bookedAt: success.recordedAt,
      cause: success.cause,
    },
    success.amount,
    { debited: LEDGER.cash, grantId: grantOf(paymentId) },
  );
}

/** The payment's own grant goes first, then the others in burn order; what was spent already is owed. */
function bookRefund({ paymentId }: CreditPayment, refund: PaymentRefund): Booking {
  return spend(
    {
      entryId: `payment:${paymentId}:refund:${refund.providerEventId}`,
      kind: 'payment',
      reference: paymentId,
      occurredAt: refund.occurredAt,
      bookedAt: refund.recordedAt,
      cause: refund.cause,
    },
    refund.amount,
    { credited: LEDGER.cash, firstGrantId: grantOf(paymentId) },
  );
}

function grantOf(paymentId: string): string {
  return `pay:${paymentId}`;
}
