/** The total of an invoice is the sum of its rounded lines, also where rounding the exact total would give another. */
import { expect, test } from 'vitest';
import { formatAmount } from '../../../schemas/amount.ts';
import { account, charge, invoicesIn, invoiceWorld, tick } from './facts.ts';

test.each([
  // Each line is a tie and goes down to 0; their exact sum is a whole cent.
  ['0.005', '0.005', '0', '0.01', '-0.01'],
  // Each line is just above a tie; their exact sum is just above one cent.
  ['0.006', '0.006', '0.02', '0.012', '0.008'],
  ['1.234', '1.234', '2.46', '2.468', '-0.008'],
])('%s and %s ask for %s', (usage, outcome, total, exact, rounding) => {
  const world = invoiceWorld();
  account()(world);
  charge('u1', usage)(world);
  charge('o1', outcome, { lineClass: 'outcome' })(world);
  const [invoice] = invoicesIn(tick('2026-04-01T00:00:00Z')(world));
  if (invoice === undefined) throw new Error('no invoice was issued');
  expect(formatAmount(invoice.total)).toBe(total);
  expect(formatAmount(invoice.exactTotal)).toBe(exact);
  expect(formatAmount(invoice.roundingTotal)).toBe(rounding);
});
