/**
 * The text edge of amounts: percentages, ratios and imported price texts, through decimal.js.
 *
 * Job: the operations that a bigint at scale 12 cannot express. Boundary: never on the way of a charge; services
 * compute with `amount-arithmetic.ts`.
 *
 * Invariant: the constructor used here is our own copy with 60 digits, so no other user of decimal.js can change
 * our precision, nor we theirs. Its default of 20 digits rounds silently.
 */
import { Decimal } from 'decimal.js';
import { type Amount, formatAmount, parseAmount } from './amount.ts';
import type { Rounding } from './rounding.ts';
import { quoted, ValueError } from './value-error.ts';

const Decimal60 = Decimal.clone({ precision: 60, toExpNeg: -100, toExpPos: 100, defaults: true });

const MODES: Readonly<Record<Rounding, Decimal.Rounding>> = {
  half_even: Decimal.ROUND_HALF_EVEN,
  half_up: Decimal.ROUND_HALF_UP,
  down: Decimal.ROUND_DOWN,
};

export function decimalOf(amount: Amount): Decimal {
  return new Decimal60(formatAmount(amount));
}

/** Reads any decimal text, without the limit of 12 decimals. */
export function parseDecimal(text: string): Decimal {
  if (!/^-?\d+(\.\d+)?([eE][+-]?\d{1,4})?$/.test(text)) {
    throw new ValueError('amount_malformed', `${quoted(text)} is not a decimal number`);
  }
  return new Decimal60(text);
}

/** Rounds to 12 decimals by the named rule. */
export function amountOfDecimal(decimal: Decimal, rounding: Rounding): Amount {
  return parseAmount(decimal.toDecimalPlaces(12, MODES[rounding]).toFixed());
}

/** `part` in percent of `whole` with a fixed number of decimals, for reports; null when there is no whole. */
export function percentText(part: Amount, whole: Amount, decimals: number): string | null {
  if (whole === 0n) return null;
  return decimalOf(part).times(100).div(decimalOf(whole)).toFixed(decimals, MODES.half_even);
}
