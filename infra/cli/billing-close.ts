/**
 * When a billing month of an account closes.
 *
 * The grace is that of the processor `invoiceRollups`; a deployment with another one changes it in both places.
 */
import { type BillingPeriod, parsePeriod } from '../../schemas/billing-period.ts';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';

const closeGraceMs = 0;

/** Stream time at which the month takes no more charges and its invoice is issued. */
export function closesAt({ end }: BillingPeriod): Instant {
  return instantOfMillis(end + closeGraceMs);
}

/** The latest close of a month over all these time zones. */
export function closesEverywhereAt(month: string, timeZones: Iterable<string>): Instant {
  let latest = closesAt(parsePeriod(month, 'UTC'));
  for (const timeZone of timeZones) {
    const close = closesAt(parsePeriod(month, timeZone));
    if (close > latest) latest = close;
  }
  return latest;
}
