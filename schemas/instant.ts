/**
 * Instant: a point in time as whole milliseconds since 1970-01-01T00:00:00Z.
 *
 * Job: the type and its text form. Boundary: no clock is read here; calendar months are in `billing-period.ts`.
 *
 * Invariants: 1. An instant is an integer within the range of `Date`.
 *             2. Text without a zone is refused; digits finer than a millisecond are dropped, never rounded up.
 */
import { quoted, ValueError } from './value-error.ts';

declare const instantBrand: unique symbol;

export type Instant = number & { readonly [instantBrand]: true };

const MILLIS_MAX = 8.64e15;
const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

export function instantOfMillis(millis: number): Instant {
  if (!Number.isInteger(millis) || Math.abs(millis) > MILLIS_MAX) {
    throw new ValueError('instant_out_of_range', `${millis} is not a whole number of milliseconds in range`);
  }
  return (millis === 0 ? 0 : millis) as Instant;
}

/** Reads RFC 3339 text such as 2026-03-31T23:59:59.999+02:00. Leap seconds are refused. */
export function parseInstant(text: string): Instant {
  const match = RFC3339.exec(text);
  if (match === null) throw malformed(text);
  const [, local = '', fraction = '', sign = '+', hours = '00', minutes = '00'] = match;
  const atUtc = Date.parse(`${local}.000Z`);
  // Date.parse moves 31 February into March, so the text is compared with what it means.
  if (Number.isNaN(atUtc) || !new Date(atUtc).toISOString().startsWith(local)) throw malformed(text);
  if (Number(hours) > 23 || Number(minutes) > 59) throw malformed(text);
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000;
  const millis = Number(fraction.slice(0, 3).padEnd(3, '0'));
  return instantOfMillis(atUtc + millis - (sign === '-' ? -offsetMs : offsetMs));
}

/** RFC 3339 text in UTC with milliseconds. */
export function formatInstant(instant: Instant): string {
  return new Date(instant).toISOString();
}

function malformed(text: string): ValueError {
  return new ValueError('instant_malformed', `${quoted(text)} is not an RFC 3339 time with a zone`);
}
