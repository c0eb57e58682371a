/**
 * Fields that are numbers: counts, amounts, times.
 *
 * Boundary: a number arrives as a whole JavaScript number or as its exact text (`parseJsonExact`), so text is accepted
 * wherever a number is; large counts and decimals are often sent as text anyway.
 *
 * Invariants:
 *  1. No value passes through floating point. 2. -0 is 0.
 */
import { z } from 'zod';
import { type Amount, formatAmount, parseAmount, ZERO } from '../../../schemas/amount.ts';
import { type Instant, instantOfMillis, parseInstant } from '../../../schemas/instant.ts';
import { MONEY_LIMITS } from '../../../schemas/money-limits.ts';
import { attempt, complain } from './complaints.ts';

const ONE: Amount = parseAmount('1');
const UNITS_PER_ONE: bigint = ONE;
const WHOLE = /^-?\d{1,40}$/;
const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/** A whole number that JavaScript holds exactly; its range is somebody else's rule. */
export const wholeNumber = z
  .union([z.number(), z.string()], { error: 'expected a whole number' })
  .transform((value, ctx): number => {
    const source = String(value);
    if (!DECIMAL.test(source)) return complain(ctx, 'wrong_type', 'expected a whole number');
    const number = WHOLE.test(source) ? Number(source) : wholeOf(source);
    if (number !== null && Number.isSafeInteger(number)) return number === 0 ? 0 : number;
    return complain(
      ctx,
      'count_out_of_range',
      `${source.slice(0, 60)} cannot be kept as an exact whole number`,
    );
  });

/** A whole number from 0, or from `min`, to `max`. */
export function count(options: { readonly min?: number; readonly max?: number } = {}) {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  return wholeNumber.transform((value, ctx): number => {
    if (value < 0) return complain(ctx, 'negative_count', `${value} is below zero`);
    if (value >= min && value <= max) return value;
    return complain(ctx, 'count_out_of_range', `${value} is not a whole number from ${min} to ${max}`);
  });
}

const decimal = z
  .union([z.number(), z.string()], { error: 'expected a decimal number' })
  .transform((value, ctx): Amount => attempt(ctx, () => parseAmount(String(value))));

/** An amount of zero or more, up to `most`; `positive` asks for more than zero. */
export function amount(kind: 'positive' | 'not_negative', most: Amount = MONEY_LIMITS.booked) {
  return decimal.transform((value, ctx): Amount => {
    if (value > most) {
      return complain(ctx, 'invalid_value', `${formatAmount(value)} is above ${formatAmount(most)}`);
    }
    if (value > ZERO || (value === ZERO && kind === 'not_negative')) return value;
    if (kind === 'positive') return complain(ctx, 'amount_not_positive', 'the amount is not above zero');
    return complain(ctx, 'amount_negative', 'the amount is below zero');
  });
}

/** A share of one, both ends included. */
export const share = decimal.transform((value, ctx): Amount => {
  if (value >= ZERO && value <= ONE) return value;
  return complain(ctx, 'confidence_out_of_range', `${formatAmount(value)} is not between 0 and 1`);
});

/** RFC 3339 text, or whole milliseconds since 1970. */
export const instant = z
  .union([z.number(), z.string()], { error: 'expected a time' })
  .transform(
    (value, ctx): Instant =>
      attempt(ctx, () => (typeof value === 'number' ? instantOfMillis(value) : parseInstant(value))),
  );

/** The whole number that decimal text such as 1e3 or 12.0 stands for, or null. */
function wholeOf(source: string): number | null {
  try {
    const units: bigint = parseAmount(source);
    return units % UNITS_PER_ONE === 0n ? Number(units / UNITS_PER_ONE) : null;
  } catch {
    return null;
  }
}
