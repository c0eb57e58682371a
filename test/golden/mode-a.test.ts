/** The months of `mode-a.md`, rated by the service in three orders, against the sums computed by hand. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Amount, ZERO } from '../../schemas/amount.ts';
import { addAmounts } from '../../schemas/amount-arithmetic.ts';
import type { Charge } from '../../schemas/generated/charge.ts';
import { rating } from '../../services/rating/processor.ts';
import { at, usd } from '../services/pricing/fixtures.ts';
import { account, contract, decision, MODE_A } from '../services/rating/fixtures.ts';
import { scenario } from '../support/scenario.ts';

interface Month {
  readonly name: string;
  readonly outcomes: readonly string[];
  readonly payable: readonly (readonly [item: string, quantity: number])[];
  readonly outcomeSum: Amount;
  readonly total: Amount;
}

const TYPES = ['ticket_resolved', 'lead_generated', 'document_translated'] as const;

function monthOf(row: string): Month {
  const [name = '', tickets, leads, documents, , payable = '', outcomeSum = '', total = ''] = row
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
  const counts = [tickets, leads, documents].map(Number);
  return {
    name,
    outcomes: TYPES.flatMap((type, index) => Array.from({ length: counts[index] ?? 0 }, () => type)),
    payable: [...payable.matchAll(/(\d+) (ticket|lead|document)s? x/g)].map(([, quantity, word = '?']) => [
      TYPES.find((type) => type.startsWith(word)) ?? word,
      Number(quantity),
    ]),
    outcomeSum: usd(outcomeSum),
    total: usd(total),
  };
}

const months = readFileSync(new URL('mode-a.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| month') && !line.startsWith('| ---'))
  .map(monthOf);

const orders: readonly (readonly [string, (outcomes: readonly string[]) => readonly string[]])[] = [
  ['as listed', (outcomes) => outcomes],
  ['backwards', (outcomes) => [...outcomes].reverse()],
  [
    'interleaved',
    (outcomes) => outcomes.map((_, index) => outcomes[(index * 7_919) % outcomes.length] ?? ''),
  ],
];

/** The charges of one month for these outcomes; the base fee is that of the month in which the contract begins. */
function rate(outcomes: readonly string[]): readonly Charge[] {
  const { take, written } = scenario(rating);
  take('accounts', account());
  take('contracts', contract({ effectiveAt: at('2026-03-01'), outcomePlan: MODE_A }));
  for (const [index, outcomeType] of outcomes.entries()) {
    take('outcome-decisions', decision({ decisionId: `d-${index}`, outcomeType }));
  }
  return written.flatMap((answer) => (answer.topic === 'charges' ? [answer.value] : []));
}

function sum(charges: readonly Charge[]): Amount {
  return charges.reduce((total, { amount }) => addAmounts(total, amount), ZERO);
}

test('the table has its ten months, and interleaving loses no outcome', () => {
  expect(months).toHaveLength(10);
  for (const { outcomes } of months) {
    for (const [, order] of orders) expect([...order(outcomes)].sort()).toEqual([...outcomes].sort());
  }
});

describe.each(months)('$name', ({ outcomes, payable, outcomeSum, total }) => {
  test.each(orders)('%s', (_, order) => {
    const charges = rate(order(outcomes));
    const outcomeCharges = charges.filter(({ lineClass }) => lineClass === 'outcome');
    expect(outcomeCharges).toHaveLength(outcomes.length);
    expect(sum(outcomeCharges)).toBe(outcomeSum);
    expect(sum(charges)).toBe(total);
    const lines = new Map<string, number>();
    for (const { item, quantity, amount } of outcomeCharges.flatMap(({ components }) => components)) {
      if (amount > 0n) lines.set(item, (lines.get(item) ?? 0) + quantity);
    }
    expect([...lines].sort()).toEqual([...payable].map(([item, quantity]) => [item, quantity]).sort());
  });
});
