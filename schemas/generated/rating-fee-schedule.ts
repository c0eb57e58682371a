// Generated from state/rating-fee-schedule.avsc by npm run generate; do not edit.
import type { Instant } from '../instant.ts';

/** How far the base fees of one account have been charged. */
export interface FeeSchedule {
  /** Start of the next billing period to be charged. */
  readonly nextAt: Instant;
  /** Last billing period charged, YYYY-MM. */
  readonly lastPeriod: string;
}
