// Generated from state/credit-payment.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** State of credit-balances: what is known of one payment, in whatever order it became known. */
export interface CreditPayment {
  readonly paymentId: string;
  readonly accountId: AccountId;
  readonly provider: string;
  readonly currency: string;
  /** Set when the provider reported a failure and no success yet. */
  readonly failedAmount: Amount | null;
  readonly success: PaymentSuccess | null;
  readonly refunds: readonly PaymentRefund[];
}

/** The fact that is booked. */
export interface PaymentSuccess {
  readonly amount: Amount;
  readonly occurredAt: Instant;
  readonly recordedAt: Instant;
  readonly cause: Cause;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A refund, booked after the success, or kept until it arrives. */
export interface PaymentRefund {
  readonly providerEventId: string;
  readonly amount: Amount;
  readonly occurredAt: Instant;
  readonly recordedAt: Instant;
  readonly cause: Cause;
}
