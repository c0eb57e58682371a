/**
 * Exact arithmetic on amounts.
 *
 * Job: the few operations that a ledger needs, each checked against 38 digits. Boundary: no text, no currency.
 *
 * Invariants: 1. A result beyond 38 digits is an error (`amount_too_large`) and never wraps.
 *             2. Only `multiplyAmounts` and `roundToExponent` can drop a fraction, by a rule the caller names.
 */
import { type Amount, amountOfUnits } from './amount.ts';
import { divideRounded, type Rounding } from './rounding.ts';
import { ValueError } from './value-error.ts';

const SCALE = 12;
const UNITS_PER_ONE = 10n ** 12n;
/** What the units of a factor of three decimals end with. */
const ZEROS_OF_FACTOR = 10n ** 9n;

/** Units of 1e-12 in one minor unit, by the currency's exponent. */
const UNITS_PER_MINOR: readonly bigint[] = Array.from(
  { length: SCALE + 1 },
  (_, exponent) => 10n ** BigInt(SCALE - exponent),
);

export function addAmounts(a: Amount, b: Amount): Amount {
  return amountOfUnits(a + b);
}

export function subtractAmounts(a: Amount, b: Amount): Amount {
  return amountOfUnits(a - b);
}

/** A unit price times a number of units; exact. */
export function timesCount(amount: Amount, count: number): Amount {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ValueError('count_out_of_range', `${count} is not a count`);
  }
  return amountOfUnits(amount * BigInt(count));
}

/**
 * The product of an amount and a factor such as a markup, rounded to 12 decimals. A factor has three decimals as a rule;
 * without the zeros behind them the product stays within 64 bits, and five times as fast, for nearly all amounts.
 */
export function multiplyAmounts(amount: Amount, factor: Amount, rounding: Rounding): Amount {
  const short = BigInt.asIntN(64, factor / ZEROS_OF_FACTOR);
  if (BigInt.asIntN(64, short * ZEROS_OF_FACTOR) === factor) {
    return amountOfUnits(divideRounded(amount * short, UNITS_PER_ONE / ZEROS_OF_FACTOR, rounding));
  }
  return amountOfUnits(divideRounded(amount * factor, UNITS_PER_ONE, rounding));
}

/** Rounds to `exponent` decimals, for instance to 2 for a currency with cents. */
export function roundToExponent(amount: Amount, exponent: number, rounding: Rounding): Amount {
  const unit = UNITS_PER_MINOR[exponent];
  if (unit === undefined) {
    throw new ValueError('exponent_out_of_range', `${exponent} is not between 0 and ${SCALE}`);
  }
  return amountOfUnits(divideRounded(amount, unit, rounding) * unit);
}

/** Negative, zero or positive, as `Array.sort` expects. */
export function compareAmounts(a: Amount, b: Amount): -1 | 0 | 1 {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
