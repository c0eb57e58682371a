/**
 * An invoice worked out by hand.
 *
 * Acme, USD, March 2026. Each line is rounded once, half to even, and the difference is carried (R6):
 *
 *   line      charges                              exact             invoiced   rounding
 *   fee       99                                    99                99.00      0
 *   outcome   2.50 + 2.50 + 0.005                    5.005             5.00     -0.005            a tie: 5.00 is even
 *   usage     0.0142 + 1.0008 + 0.000000000001       1.015000000001    1.02      0.004999999999   just above a tie
 *   total                                          105.020000000001  105.02     -0.000000000001
 */
import { describe, expect, test } from 'vitest';
import { formatAmount } from '../../schemas/amount.ts';
import { addAmounts } from '../../schemas/amount-arithmetic.ts';
import { account, charge, invoicesIn, invoiceWorld, tick } from '../services/invoice-rollups/facts.ts';

describe('the invoice of March', () => {
  const world = invoiceWorld();
  account()(world);
  charge('f1', '99', { lineClass: 'fee' })(world);
  charge('o1', '2.50', { lineClass: 'outcome' })(world);
  charge('o2', '2.50', { lineClass: 'outcome' })(world);
  charge('o3', '0.005', { lineClass: 'outcome' })(world);
  charge('u1', '0.0142')(world);
  charge('u2', '1.0008')(world);
  charge('u3', '0.000000000001')(world);
  const [invoice] = invoicesIn(tick('2026-04-01T00:00:00Z')(world));

  test('has three lines, each rounded once', () => {
    const lines = invoice?.lines.map((line) => [
      line.lineClass,
      formatAmount(line.exactAmount),
      formatAmount(line.amount),
      formatAmount(line.rounding),
    ]);
    expect(lines).toEqual([
      ['fee', '99', '99', '0'],
      ['outcome', '5.005', '5', '-0.005'],
      ['usage', '1.015000000001', '1.02', '0.004999999999'],
    ]);
  });

  test('asks for 105.02, which is what was used and what rounding added', () => {
    if (invoice === undefined) throw new Error('no invoice was issued');
    expect(formatAmount(invoice.total)).toBe('105.02');
    expect(formatAmount(invoice.exactTotal)).toBe('105.020000000001');
    expect(formatAmount(invoice.roundingTotal)).toBe('-0.000000000001');
    expect(addAmounts(invoice.exactTotal, invoice.roundingTotal)).toBe(invoice.total);
  });
});

describe('what can be paid depends on the currency', () => {
  test.each([
    ['USD', '0.125', '0.12'],
    ['USD', '0.135', '0.14'],
    ['USD', '0.125000000001', '0.13'],
    ['JPY', '2.5', '2'],
    ['JPY', '3.5', '4'],
    ['KWD', '0.0005', '0'],
    ['KWD', '0.0015', '0.002'],
    ['USD', '-0.125', '-0.12'],
  ])('%s %s is invoiced as %s', (currency, exact, total) => {
    const world = invoiceWorld();
    account({ currency })(world);
    charge('c1', exact, { currency })(world);
    const [invoice] = invoicesIn(world.project());
    expect(invoice === undefined ? null : formatAmount(invoice.total)).toBe(total);
  });
});
