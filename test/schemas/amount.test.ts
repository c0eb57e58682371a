import { describe, expect, test } from 'vitest';
import { amountOfUnits, formatAmount, isNegative, parseAmount, ZERO } from '../../schemas/amount.ts';
import {
  addAmounts,
  compareAmounts,
  multiplyAmounts,
  roundToExponent,
  subtractAmounts,
  timesCount,
} from '../../schemas/amount-arithmetic.ts';
import { amountOfDecimal, decimalOf, parseDecimal, percentText } from '../../schemas/decimal-text.ts';
import type { Rounding } from '../../schemas/rounding.ts';
import { codeOf } from './code-of.ts';

const LARGEST = '99999999999999999999999999.999999999999';

describe('reading and writing amounts', () => {
  test.each([
    ['0', '0'],
    ['-0', '0'],
    ['-0.000', '0'],
    ['0e5', '0'],
    ['1', '1'],
    ['-1.50', '-1.5'],
    ['007.10', '7.1'],
    ['0.000000000001', '0.000000000001'],
    ['1e-8', '0.00000001'],
    ['2.5E-6', '0.0000025'],
    ['1.2e3', '1200'],
    ['12e+2', '1200'],
    ['100e-2', '1'],
    ['1.0000000000000000', '1'],
    ['10000000000000000000000000e0', '10000000000000000000000000'],
    [LARGEST, LARGEST],
    [`-${LARGEST}`, `-${LARGEST}`],
  ])('%s is %s', (text, plain) => {
    expect(formatAmount(parseAmount(text))).toBe(plain);
  });

  test.each([
    ['', 'amount_malformed'],
    [' 1', 'amount_malformed'],
    ['1 ', 'amount_malformed'],
    ['+1', 'amount_malformed'],
    ['.5', 'amount_malformed'],
    ['5.', 'amount_malformed'],
    ['1,5', 'amount_malformed'],
    ['1_000', 'amount_malformed'],
    ['0x10', 'amount_malformed'],
    ['NaN', 'amount_malformed'],
    ['Infinity', 'amount_malformed'],
    ['1e99999', 'amount_malformed'],
    ['٣', 'amount_malformed'],
    ['9'.repeat(200), 'amount_malformed'],
    ['0.0000000000001', 'amount_too_precise'],
    ['1e-13', 'amount_too_precise'],
    ['1e26', 'amount_too_large'],
    ['100000000000000000000000000', 'amount_too_large'],
    ['1e9999', 'amount_too_large'],
    ['1e-9999', 'amount_too_precise'],
  ])('%j is refused as %s', (text, code) => {
    expect(codeOf(() => parseAmount(text))).toBe(code);
  });

  test('a long wrong text is cut in the message', () => {
    expect(() => parseAmount('x'.repeat(500))).toThrow(/^amount_malformed: "x{60}…"/);
  });

  test('38 digits are the limit of the constructor too', () => {
    expect(amountOfUnits(10n ** 38n - 1n)).toBe(10n ** 38n - 1n);
    expect(codeOf(() => amountOfUnits(10n ** 38n))).toBe('amount_too_large');
    expect(codeOf(() => amountOfUnits(-(10n ** 38n)))).toBe('amount_too_large');
  });
});

describe('arithmetic', () => {
  const large = parseAmount(LARGEST);

  test('adds and subtracts exactly', () => {
    expect(formatAmount(addAmounts(parseAmount('0.1'), parseAmount('0.2')))).toBe('0.3');
    expect(formatAmount(subtractAmounts(parseAmount('0.1'), parseAmount('0.3')))).toBe('-0.2');
  });

  test('never wraps', () => {
    expect(codeOf(() => addAmounts(large, amountOfUnits(1n)))).toBe('amount_too_large');
    expect(codeOf(() => subtractAmounts(ZERO, addAmounts(large, amountOfUnits(1n))))).toBe(
      'amount_too_large',
    );
    expect(codeOf(() => timesCount(large, 2))).toBe('amount_too_large');
    expect(codeOf(() => multiplyAmounts(large, parseAmount('2'), 'down'))).toBe('amount_too_large');
  });

  test('a price times a count of tokens', () => {
    expect(formatAmount(timesCount(parseAmount('0.0000025'), 1_234_567))).toBe('3.0864175');
    expect(timesCount(large, 0)).toBe(ZERO);
    for (const count of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(codeOf(() => timesCount(parseAmount('1'), count))).toBe('count_out_of_range');
    }
  });

  test.each<[string, string, Rounding, string]>([
    ['0.000000000001', '0.5', 'half_even', '0'],
    ['0.000000000003', '0.5', 'half_even', '0.000000000002'],
    ['0.000000000001', '0.5', 'half_up', '0.000000000001'],
    ['-0.000000000001', '0.5', 'half_up', '-0.000000000001'],
    ['0.000000000001', '0.9', 'down', '0'],
    ['-0.000000000001', '0.9', 'down', '0'],
    ['1.000000000001', '1.2', 'half_up', '1.200000000001'],
  ])('%s times %s, %s, is %s', (a, b, rounding, product) => {
    expect(formatAmount(multiplyAmounts(parseAmount(a), parseAmount(b), rounding))).toBe(product);
  });

  test.each<[string, number, Rounding, string]>([
    ['2.345', 2, 'half_even', '2.34'],
    ['2.355', 2, 'half_even', '2.36'],
    ['2.345', 2, 'half_up', '2.35'],
    ['-2.345', 2, 'half_up', '-2.35'],
    ['2.349', 2, 'down', '2.34'],
    ['0.5', 0, 'half_even', '0'],
    ['1.5', 0, 'half_even', '2'],
    ['0.0005', 3, 'half_up', '0.001'],
    ['1.123456789012', 12, 'down', '1.123456789012'],
  ])('%s to %i decimals, %s, is %s', (text, exponent, rounding, rounded) => {
    expect(formatAmount(roundToExponent(parseAmount(text), exponent, rounding))).toBe(rounded);
  });

  test('an exponent that no currency has is refused', () => {
    for (const exponent of [-1, 13, 1.5]) {
      expect(codeOf(() => roundToExponent(ZERO, exponent, 'down'))).toBe('exponent_out_of_range');
    }
  });

  test('orders and signs', () => {
    const sorted = ['3', '-1', '0'].map(parseAmount).sort(compareAmounts).map(formatAmount);
    expect(sorted).toEqual(['-1', '0', '3']);
    expect([isNegative(parseAmount('-1')), isNegative(ZERO)]).toEqual([true, false]);
  });
});

describe('the text edge', () => {
  test('percentages and shares', () => {
    expect(percentText(parseAmount('1'), parseAmount('3'), 2)).toBe('33.33');
    expect(percentText(parseAmount('1'), ZERO, 2)).toBeNull();
    expect(percentText(parseAmount('-0.125'), parseAmount('1'), 0)).toBe('-12');
  });

  test('a text with more than 12 decimals is rounded only by name', () => {
    const decimal = parseDecimal('0.1234567890125');
    expect(formatAmount(amountOfDecimal(decimal, 'half_even'))).toBe('0.123456789012');
    expect(formatAmount(amountOfDecimal(decimal, 'half_up'))).toBe('0.123456789013');
    expect(codeOf(() => parseDecimal('1/3'))).toBe('amount_malformed');
  });

  test('keeps all 38 digits', () => {
    expect(decimalOf(parseAmount(LARGEST)).plus('0.000000000001').toFixed()).toBe(
      '100000000000000000000000000',
    );
  });
});
