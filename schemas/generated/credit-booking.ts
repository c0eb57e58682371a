// Generated from state/credit-booking.avsc by npm run generate; do not edit.
import type { Instant } from '../instant.ts';

/** State of credit-balances: marks a grant or a rounding as booked, so that it is never booked twice. */
export interface CreditBooking {
  readonly entryId: string;
  readonly bookedAt: Instant;
}
