/** Splitting a book: nothing lost, nothing reordered, no part too large. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModelPrice } from '../../../schemas/generated/price-book.ts';
import { PART_BYTES_MAX, splitPriceBook } from '../../../services/pricing/price-book-parts.ts';
import { at, price, rate } from './fixtures.ts';

const header = {
  priceBookId: 'list',
  version: 3,
  purpose: 'cost',
  currency: 'USD',
  effectiveAt: at('2026-01-01'),
} as const;

const model = (index: number, rates: number): ModelPrice => ({
  provider: 'provider',
  model: `model-${index}`,
  rates: Array.from({ length: rates }, (_, size) => rate(`input>${size}`, '0.000001')),
});

describe('splitting', () => {
  test('a book without prices is one empty part', () => {
    expect(splitPriceBook({ ...header, prices: [] })).toEqual([{ ...header, part: 1, parts: 1, prices: [] }]);
  });

  test('a small book is one part', () => {
    const prices = [price('a', 'b', { input: '1' })];
    expect(splitPriceBook({ ...header, prices })).toEqual([{ ...header, part: 1, parts: 1, prices }]);
  });

  test('a model with more rates than a record holds is refused by name', () => {
    const prices = [model(7, 3_000)];
    expect(() => splitPriceBook({ ...header, prices })).toThrow('model-7 has too many rates');
  });

  test('parts in order hold the prices in order, none above the limit by a plain text measure', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 120 }), (counts) => {
        const prices = counts.map((count, index) => model(index, count));
        const parts = splitPriceBook({ ...header, prices });
        expect(parts.flatMap((part) => part.prices)).toEqual(prices);
        expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index + 1));
        expect(new Set(parts.map((part) => part.parts))).toEqual(new Set([parts.length]));
        for (const part of parts) {
          const rates = part.prices.reduce((sum, { rates: found }) => sum + found.length, 0);
          expect(rates * 'input standard'.length).toBeLessThan(PART_BYTES_MAX);
        }
      }),
      { numRuns: 50 },
    );
  });
});
