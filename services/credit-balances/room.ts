/**
 * Rule: how many grants an account may have, and what becomes of a payment that finds no room.
 *
 * Invariant: grants, and what waits to become one, never outnumber `grantsPerAccountMax`, since they are one record of
 * state, one balance and, when a charge takes them all, one entry. What waits keeps its place when it is booked.
 */
import type { CreditAccount } from '../../schemas/generated/credit-account.ts';
import type { PaymentRefund } from '../../schemas/generated/credit-payment.ts';
import type { PaymentRefusal } from './payments.ts';

/** With ids of 256 characters the largest of these records is 670 kB, which leaves room for hundreds of roundings. */
const grantsPerAccountMax = 2_000;
/** An account whose record never comes keeps at most this many payments; later ones must be sent again. */
const waitingPaymentsMax = 1_000;

/** How many grants more the account takes from outside. What rounding gives back is taken in any case. */
export function roomForGrants(account: CreditAccount | undefined): number {
  if (account === undefined) return grantsPerAccountMax;
  const { grants, waitingGrants, waitingPayments } = account;
  return Math.max(0, grantsPerAccountMax - grants.length - waitingGrants.length - waitingPayments.length);
}

/** Whether a payment is booked now, waits for the account record, or finds no room. A refund needs none. */
export function placeOfPayment(
  account: CreditAccount | undefined,
  paymentId: string,
  facts: readonly ('success' | PaymentRefund)[],
): 'now' | 'waiting' | 'full' {
  const isTaken = roomForGrants(account) > 0 || !facts.includes('success');
  if (account?.known === true) return isTaken ? 'now' : 'full';
  const waiting = account?.waitingPayments ?? [];
  if (waiting.includes(paymentId)) return 'waiting';
  return isTaken && waiting.length < waitingPaymentsMax ? 'waiting' : 'full';
}

/** What its sender is told of a payment that is not booked. */
export function notBooked(
  account: CreditAccount | undefined,
  place: 'now' | 'waiting' | 'full',
): PaymentRefusal {
  if (account?.known === true) {
    const message = `the account has ${grantsPerAccountMax} unspent grants and payments`;
    return { code: 'grants_exhausted', field: null, message };
  }
  const message =
    place === 'full' ? 'too many payments wait for this account' : 'the payment waits for its account';
  return { code: 'account_unknown', field: 'accountId', message };
}
