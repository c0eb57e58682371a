/** When a billing month of an account closes: at its end in the account's time zone, and the grace for late uses. */
import { type BillingPeriod, parsePeriod } from '../../schemas/billing-period.ts';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import { CLOSE_GRACE_MS } from '../../services/invoice-rollups/processor.ts';

/** Stream time at which the month takes no more charges and its invoice is issued. */
export function closesAt({ end }: BillingPeriod): Instant {
  return instantOfMillis(end + CLOSE_GRACE_MS);
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
