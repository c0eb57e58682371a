/** Our bigint money against two independent judges: decimal.js with 60 digits, and exact fractions. */
import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Amount, amountOfUnits, formatAmount, parseAmount } from '../../schemas/amount.ts';
import {
  addAmounts,
  compareAmounts,
  multiplyAmounts,
  roundToExponent,
  subtractAmounts,
  timesCount,
} from '../../schemas/amount-arithmetic.ts';
import { decimalOf } from '../../schemas/decimal-text.ts';
import { divideRounded, type Rounding } from '../../schemas/rounding.ts';

const Judge = Decimal.clone({ precision: 60, toExpNeg: -100, toExpPos: 100 });
/** For products of two amounts of 38 digits. */
const Exact = Decimal.clone({ precision: 80, toExpNeg: -100, toExpPos: 100 });
const LIMIT = 10n ** 38n;
const RUNS = { numRuns: 2_000 };

const ROUNDINGS: Readonly<Record<Rounding, Decimal.Rounding>> = {
  half_even: Decimal.ROUND_HALF_EVEN,
  half_up: Decimal.ROUND_HALF_UP,
  down: Decimal.ROUND_DOWN,
};

const rounding = fc.constantFrom<Rounding>('half_even', 'half_up', 'down');
const wide = fc.bigInt({ min: -LIMIT + 1n, max: LIMIT - 1n }).map(amountOfUnits);
/** Half of 38 digits, so that products stay in range; with many ties, because ties are where rules differ. */
const narrow = fc
  .oneof(
    fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
    fc.bigInt({ min: -(10n ** 6n), max: 10n ** 6n }).map((n) => n * 5n * 10n ** 11n),
  )
  .map(amountOfUnits);

/** The exact value of an amount as judged from its text. */
function judged(amount: Amount): Decimal {
  return new Judge(formatAmount(amount));
}

/** What our function gives, or `overflow`. */
function attempted(action: () => Amount): string {
  try {
    return formatAmount(action());
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('amount_too_large')) return 'overflow';
    throw error;
  }
}

function expected(exact: Decimal): string {
  return exact.abs().lt(new Judge(10).pow(26)) ? exact.plus(0).toFixed() : 'overflow';
}

describe('against decimal.js', () => {
  test('sums and differences', () => {
    fc.assert(
      fc.property(wide, wide, (a, b) => {
        expect(attempted(() => addAmounts(a, b))).toBe(expected(judged(a).plus(judged(b))));
        expect(attempted(() => subtractAmounts(a, b))).toBe(expected(judged(a).minus(judged(b))));
        expect(compareAmounts(a, b)).toBe(judged(a).cmp(judged(b)));
      }),
      RUNS,
    );
  });

  test('a price times a count', () => {
    fc.assert(
      fc.property(wide, fc.nat({ max: Number.MAX_SAFE_INTEGER }), (price, count) => {
        expect(attempted(() => timesCount(price, count))).toBe(expected(judged(price).times(count)));
      }),
      RUNS,
    );
  });

  test('products, by each rounding rule', () => {
    fc.assert(
      fc.property(narrow, narrow, rounding, (a, b, rule) => {
        const exact = judged(a).times(judged(b)).toDecimalPlaces(12, ROUNDINGS[rule]);
        expect(attempted(() => multiplyAmounts(a, b, rule))).toBe(expected(exact));
      }),
      RUNS,
    );
  });

  test('products with a factor of three decimals, within and beyond 64 bits', () => {
    const factor = fc
      .oneof(
        fc.bigInt({ min: -(10n ** 6n), max: 10n ** 6n }),
        fc.bigInt({ min: -(10n ** 28n), max: 10n ** 28n }),
      )
      .map((thousandths) => amountOfUnits(thousandths * 10n ** 9n));
    const amount = fc.oneof(
      fc.bigInt({ min: -(10n ** 4n), max: 10n ** 4n }).map(amountOfUnits),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }).map(amountOfUnits),
      wide,
    );
    fc.assert(
      fc.property(amount, factor, rounding, (a, b, rule) => {
        const exact = new Exact(formatAmount(a)).times(formatAmount(b)).toDecimalPlaces(12, ROUNDINGS[rule]);
        expect(attempted(() => multiplyAmounts(a, b, rule))).toBe(expected(exact));
      }),
      RUNS,
    );
  });

  test('rounding to a currency', () => {
    fc.assert(
      fc.property(fc.oneof(narrow, wide), fc.nat({ max: 12 }), rounding, (amount, exponent, rule) => {
        const exact = judged(amount).toDecimalPlaces(exponent, ROUNDINGS[rule]);
        expect(attempted(() => roundToExponent(amount, exponent, rule))).toBe(expected(exact));
      }),
      RUNS,
    );
  });
});

describe('against exact fractions', () => {
  test('a rounded quotient is the nearest whole number, and ties follow the rule', () => {
    const divisor = fc.bigInt({ min: 1n, max: 10n ** 20n });
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), divisor, rounding, (n, d, rule) => {
        const quotient = divideRounded(n, d, rule);
        const twiceOff = 2n * (n - quotient * d);
        const off = twiceOff < 0n ? -twiceOff : twiceOff;
        if (rule === 'down') {
          expect(off < 2n * d && quotient * d * (n < 0n ? -1n : 1n) <= (n < 0n ? -n : n)).toBe(true);
          return;
        }
        expect(off <= d).toBe(true);
        if (off !== d) return;
        if (rule === 'half_even') expect(quotient % 2n).toBe(0n);
        else expect((quotient < 0n ? -quotient : quotient) * d).toBeGreaterThan(n < 0n ? -n : n);
      }),
      RUNS,
    );
  });

  test('rules are symmetric about zero', () => {
    fc.assert(
      fc.property(narrow, fc.nat({ max: 12 }), rounding, (amount, exponent, rule) => {
        const mirrored = roundToExponent(amountOfUnits(-amount), exponent, rule);
        expect(mirrored + roundToExponent(amount, exponent, rule)).toBe(0n);
      }),
      RUNS,
    );
  });

  test('the parts and the rounding difference always make the whole', () => {
    fc.assert(
      fc.property(fc.array(narrow, { maxLength: 50 }), rounding, (parts, rule) => {
        const rounded = parts.map((part) => roundToExponent(part, 2, rule));
        const differences = parts.map((part, at) => subtractAmounts(part, rounded[at] ?? part));
        const sum = (amounts: readonly Amount[]) => amounts.reduce(addAmounts, amountOfUnits(0n));
        expect(addAmounts(sum(rounded), sum(differences))).toBe(sum(parts));
      }),
      RUNS,
    );
  });
});

describe('text', () => {
  test('every amount is read back from its text, and from any other way to write it', () => {
    fc.assert(
      fc.property(wide, fc.integer({ min: -30, max: 30 }), (amount, shift) => {
        const text = formatAmount(amount);
        expect(parseAmount(text)).toBe(amount);
        expect(parseAmount(`${decimalOf(amount).times(new Judge(10).pow(shift)).toFixed()}e${-shift}`)).toBe(
          amount,
        );
        expect(text).toMatch(/^(0|-?(0\.\d*[1-9]|[1-9]\d*(\.\d*[1-9])?))$/);
      }),
      RUNS,
    );
  });
});
