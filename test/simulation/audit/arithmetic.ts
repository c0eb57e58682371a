/** The auditor's own arithmetic: whole numbers, one way of rounding, months by the calendar of the platform. */

export const UNIT = 10n ** 12n;

/** Half to even; for a dividend that is not negative. */
export function divided(dividend: bigint, divisor: bigint): bigint {
  const below = dividend / divisor;
  const rest = (dividend % divisor) * 2n;
  if (rest > divisor || (rest === divisor && below % 2n === 1n)) return below + 1n;
  return below;
}

const DECIMALS: Readonly<Record<string, number>> = { USD: 2, CNY: 2, JPY: 0 };

/** To what the currency can pay. */
export function payable(amount: bigint, currency: string): bigint {
  const unit = 10n ** BigInt(12 - (DECIMALS[currency] ?? 2));
  return divided(amount, unit) * unit;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const months = new Map<string, string>();
const QUARTER_MS = 900_000;

/** YYYY-MM in the zone. Zones differ from UTC by whole quarters of an hour, so one answer serves a quarter. */
export function monthOf(at: number, zone: string): string {
  const quarter = Math.floor(at / QUARTER_MS);
  const key = `${zone} ${quarter}`;
  const known = months.get(key);
  if (known !== undefined) return known;
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit' });
  formats.set(zone, format);
  const parts = new Map(format.formatToParts(quarter * QUARTER_MS).map(({ type, value }) => [type, value]));
  const month = `${parts.get('year')}-${parts.get('month')}`;
  if (months.size > 200_000) months.clear();
  months.set(key, month);
  return month;
}

/** First month after another. */
export function nextMonth(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
}
