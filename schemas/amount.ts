/**
 * Amount: money, prices and factors as a whole number of 1e-12 units.
 *
 * Job: the type, its two text functions, and its one constructor from a bigint. Arithmetic is in
 * `amount-arithmetic.ts`. Boundary: an amount does not know its currency; the record that holds it does.
 *
 * Invariants:
 *  1. The scale is 12 everywhere and never changes; it is finer than any token price in use.
 *  2. An amount has at most 38 digits, so it fits Avro decimal(38,12) and ClickHouse Decimal(38,12).
 *  3. Nothing is rounded here: text that does not fit exactly is an error.
 */
import { quoted, ValueError } from './value-error.ts';

declare const amountBrand: unique symbol;

export type Amount = bigint & { readonly [amountBrand]: true };

const SCALE = 12;
const UNITS_PER_ONE = 10n ** 12n;
const DIGITS_MAX = 38;
const UNITS_LIMIT = 10n ** 38n;
const TEXT_LENGTH_MAX = 128;
const DECIMAL_TEXT = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;

/**
 * The only constructor; refuses what 38 digits cannot hold. Nine million currency units fit 64 bits, and as long as nothing
 * wider is compared with them, V8 computes with such bigints in registers: four times as fast.
 */
export function amountOfUnits(units: bigint): Amount {
  if (BigInt.asIntN(64, units) === units) return units as Amount;
  if (units >= UNITS_LIMIT || units <= -UNITS_LIMIT) {
    throw new ValueError('amount_too_large', 'the amount has more than 38 digits');
  }
  return units as Amount;
}

export const ZERO: Amount = amountOfUnits(0n);

/** Reads decimal text, exponent notation included. Zeros at the end of the fraction do not count as decimals. */
export function parseAmount(text: string): Amount {
  const match = text.length <= TEXT_LENGTH_MAX ? DECIMAL_TEXT.exec(text) : null;
  if (match === null) {
    throw new ValueError('amount_malformed', `${quoted(text)} is not a decimal number`);
  }
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return ZERO;
  const decimals = fraction.length - Number(exponent) - (digits.length - significant.length);
  if (decimals > SCALE) {
    throw new ValueError('amount_too_precise', `${quoted(text)} has more than ${SCALE} decimals`);
  }
  if (significant.length + SCALE - decimals > DIGITS_MAX) {
    throw new ValueError('amount_too_large', `${quoted(text)} has more than ${DIGITS_MAX} digits`);
  }
  const units = BigInt(significant) * 10n ** BigInt(SCALE - decimals);
  return amountOfUnits(sign === '-' ? -units : units);
}

/** Plain decimal text: no exponent, no zeros at the end of the fraction, never "-0". */
export function formatAmount(amount: Amount): string {
  const negative = amount < 0n;
  const units: bigint = negative ? -amount : amount;
  const whole = units / UNITS_PER_ONE;
  const rest = units % UNITS_PER_ONE;
  const fraction = rest === 0n ? '' : `.${rest.toString().padStart(SCALE, '0').replace(/0+$/, '')}`;
  return `${negative ? '-' : ''}${whole}${fraction}`;
}

export function isNegative(amount: Amount): boolean {
  return amount < 0n;
}
