/**
 * Billing periods: calendar months in the account's IANA time zone.
 *
 * Job: say in which month an instant lies, and where that month begins and ends. Boundary: knows no account.
 *
 * Invariants:
 *  1. start <= instant < end, and the end of a month is the start of the next, also where clocks change at midnight.
 *  2. The answer depends only on the arguments and the time zone data of the pinned Node; it is cached per zone and
 *     month, so that the hot path is one comparison of two numbers.
 */
import { Temporal } from 'temporal-polyfill';
import { type Instant, instantOfMillis } from './instant.ts';
import { quoted, ValueError } from './value-error.ts';

export interface BillingPeriod {
  /** YYYY-MM. */
  readonly period: string;
  readonly start: Instant;
  readonly end: Instant;
}

interface ZoneCache {
  last: BillingPeriod;
  readonly months: Map<string, BillingPeriod>;
}

const ZONES_MAX = 1_000;
const MONTHS_PER_ZONE_MAX = 600;
const PERIOD = /^(\d{4})-(0[1-9]|1[0-2])$/;
const zones = new Map<string, ZoneCache>();

export function billingPeriodOf(instant: Instant, timeZone: string): BillingPeriod {
  const cached = zones.get(timeZone);
  if (cached !== undefined && instant >= cached.last.start && instant < cached.last.end) return cached.last;
  const zoned = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(parseTimeZone(timeZone));
  return monthOf(timeZone, zoned.toPlainDate().toPlainYearMonth());
}

/** The month written as YYYY-MM, in a zone. */
export function parsePeriod(text: string, timeZone: string): BillingPeriod {
  const match = PERIOD.exec(text);
  if (match === null) throw new ValueError('period_malformed', `${quoted(text)} is not a month as YYYY-MM`);
  const month = new Temporal.PlainYearMonth(Number(match[1]), Number(match[2]));
  return monthOf(parseTimeZone(timeZone), month);
}

/** Accepts an IANA zone name that this system knows, and returns it unchanged. */
export function parseTimeZone(text: string): string {
  if (zones.has(text)) return text;
  try {
    if (/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(text)) {
      Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text);
      return text;
    }
  } catch {
    // An unknown zone and a malformed one are the same answer to the caller.
  }
  throw new ValueError('time_zone_unknown', `${quoted(text)} is not an IANA time zone`);
}

function monthOf(timeZone: string, month: Temporal.PlainYearMonth): BillingPeriod {
  const name = month.toString();
  const cached = zones.get(timeZone);
  const known = cached?.months.get(name);
  if (cached !== undefined && known !== undefined) {
    cached.last = known;
    return known;
  }
  const computed: BillingPeriod = {
    period: name,
    start: startOf(month, timeZone),
    end: startOf(month.add({ months: 1 }), timeZone),
  };
  remember(timeZone, computed);
  return computed;
}

function startOf(month: Temporal.PlainYearMonth, timeZone: string): Instant {
  return instantOfMillis(month.toPlainDate({ day: 1 }).toZonedDateTime(timeZone).epochMilliseconds);
}

function remember(timeZone: string, period: BillingPeriod): void {
  const cached = zones.get(timeZone);
  if (cached === undefined) {
    if (zones.size >= ZONES_MAX) zones.clear();
    zones.set(timeZone, { last: period, months: new Map([[period.period, period]]) });
    return;
  }
  if (cached.months.size >= MONTHS_PER_ZONE_MAX) cached.months.clear();
  cached.months.set(period.period, period);
  cached.last = period;
}
