// Generated from records/payment-event.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** A payment provider's fact, verified with the provider before it is recorded (L4). */
export interface PaymentEvent {
  /** Unique per account; the same payment is booked once. */
  readonly paymentId: string;
  readonly accountId: AccountId;
  readonly provider: string;
  readonly providerEventId: string;
  /** succeeded, failed or refunded. */
  readonly kind: string;
  readonly amount: Amount;
  readonly currency: string;
  /** Whether the provider confirmed it. */
  readonly verified: boolean;
  readonly occurredAt: Instant;
}
