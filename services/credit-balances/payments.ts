/**
 * Rule: what a payment event means, given what is known of its payment so far (L4).
 *
 * Job: one verdict per event, from which both the answer and the next state of the payment follow.
 * Boundary: whether the account is known, and in which currency, is looked at by the caller.
 *
 * Invariants:
 *  1. A payment is booked once. Its content is amount, currency and provider: a provider may tell the same payment by
 *     several events, so the event id is not part of it.
 *  2. Events may come in any order. A failure before the success is progress, a refund before the success waits for it.
 *  3. Refunds of a payment never exceed it. Each refund is one provider event.
 */
import { type Amount, formatAmount, ZERO } from '../../schemas/amount.ts';
import { addAmounts } from '../../schemas/amount-arithmetic.ts';
import type { CreditPayment, PaymentRefund } from '../../schemas/generated/credit-payment.ts';
import type { PaymentEvent } from '../../schemas/generated/payment-event.ts';
import { isBookable } from '../../schemas/money-limits.ts';
import type { RefusalCode } from '../../schemas/refusals.ts';
import type { Occasion } from './occasion.ts';

/** A payment keeps its refunds, so there must be an end to them. */
export const refundsPerPaymentMax = 100;

/** `payment` is what is known from now on; null where the event changes nothing. */
export interface PaymentVerdict {
  readonly payment: CreditPayment | null;
  readonly refusals: readonly PaymentRefusal[];
  /** What this event allows to be booked, in order. */
  readonly books: readonly ('success' | PaymentRefund)[];
}

export interface PaymentRefusal {
  readonly code: RefusalCode;
  readonly field: string | null;
  readonly message: string;
}

export function judgePayment(
  known: CreditPayment | undefined,
  event: PaymentEvent,
  occasion: Occasion,
): PaymentVerdict {
  if (event.amount <= ZERO) {
    return refused('amount_not_positive', 'amount', `a payment of ${formatAmount(event.amount)}`);
  }
  if (!isBookable(event.amount)) {
    return refused('invalid_value', 'amount', `a payment of ${formatAmount(event.amount)} is not real`);
  }
  switch (event.kind) {
    case 'succeeded':
      return judgeSuccess(known, event, occasion);
    case 'failed':
      return judgeFailure(known, event);
    case 'refunded':
      return judgeRefund(known, event, occasion);
    default:
      return refused('invalid_kind', 'kind', `${event.kind} is not succeeded, failed or refunded`);
  }
}

function judgeSuccess(
  known: CreditPayment | undefined,
  event: PaymentEvent,
  { recordedAt, cause }: Occasion,
): PaymentVerdict {
  const earlier = known?.success ?? null;
  if (earlier !== null) {
    return known !== undefined && sameSource(known, event) && earlier.amount === event.amount
      ? refused('duplicate', null, 'the payment is booked')
      : refused('payment_conflict', null, `the payment is booked with ${formatAmount(earlier.amount)}`);
  }
  if (!event.verified) return unverified();
  const waiting = known?.refunds ?? [];
  const refunds = known !== undefined && sameSource(known, event) ? within(waiting, event.amount) : [];
  const success = { amount: event.amount, occurredAt: event.occurredAt, recordedAt, cause };
  return {
    payment: { ...newPayment(event), success, refunds },
    refusals: waiting
      .filter((refund) => !refunds.includes(refund))
      .map((refund) => conflict(`refund ${refund.providerEventId} does not fit the payment`)),
    books: ['success', ...refunds],
  };
}

function judgeFailure(known: CreditPayment | undefined, event: PaymentEvent): PaymentVerdict {
  if (known !== undefined && known.success !== null) {
    return refused('payment_conflict', 'kind', 'the payment has succeeded');
  }
  if (known !== undefined && known.failedAmount !== null) {
    return sameSource(known, event) && known.failedAmount === event.amount
      ? refused('duplicate', null, 'the failure is known')
      : refused('payment_conflict', null, `it failed with ${formatAmount(known.failedAmount)}`);
  }
  if (!event.verified) return unverified();
  return kept({ ...(known ?? newPayment(event)), failedAmount: event.amount });
}

function judgeRefund(
  known: CreditPayment | undefined,
  event: PaymentEvent,
  { recordedAt, cause }: Occasion,
): PaymentVerdict {
  const payment = known ?? newPayment(event);
  const same = payment.refunds.find((refund) => refund.providerEventId === event.providerEventId);
  if (same !== undefined) {
    return same.amount === event.amount && sameSource(payment, event)
      ? refused('duplicate', null, 'the refund is known')
      : refused('payment_conflict', null, `the refund is known with ${formatAmount(same.amount)}`);
  }
  if (!event.verified) return unverified();
  const refund: PaymentRefund = {
    providerEventId: event.providerEventId,
    amount: event.amount,
    occurredAt: event.occurredAt,
    recordedAt,
    cause,
  };
  const refunds = [...payment.refunds, refund];
  if (!sameSource(payment, event) || refunds.length > refundsPerPaymentMax) {
    return refused('payment_conflict', null, 'the refund is not of this payment, or one too many');
  }
  if (payment.success === null) return kept({ ...payment, refunds });
  if (!within(refunds, payment.success.amount).includes(refund)) {
    return refused('payment_conflict', 'amount', 'more is refunded than was paid');
  }
  return { payment: { ...payment, refunds }, refusals: [], books: [refund] };
}

/** The refunds that together stay within what was paid, in order of arrival. */
function within(refunds: readonly PaymentRefund[], paid: Amount): readonly PaymentRefund[] {
  let sum = ZERO;
  return refunds.filter((refund) => {
    const next = addAmounts(sum, refund.amount);
    if (next > paid) return false;
    sum = next;
    return true;
  });
}

function sameSource(payment: CreditPayment, event: PaymentEvent): boolean {
  return payment.currency === event.currency && payment.provider === event.provider;
}

function newPayment(event: PaymentEvent): CreditPayment {
  return {
    paymentId: event.paymentId,
    accountId: event.accountId,
    provider: event.provider,
    currency: event.currency,
    failedAmount: null,
    success: null,
    refunds: [],
  };
}

function kept(payment: CreditPayment): PaymentVerdict {
  return { payment, refusals: [], books: [] };
}

function unverified(): PaymentVerdict {
  return refused('payment_unverified', 'verified', 'the provider has not confirmed the payment');
}

function refused(code: RefusalCode, field: string | null, message: string): PaymentVerdict {
  return { payment: null, refusals: [{ code, field, message }], books: [] };
}

function conflict(message: string): PaymentRefusal {
  return { code: 'payment_conflict', field: null, message };
}
