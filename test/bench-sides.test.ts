/** The plain versions of the small benches do the same work as ours: every result is compared, for a few hundred cases. */
import { describe, expect, test } from 'vitest';
import { codecCases, codecDifferences } from './bench/codec.ts';
import { kernelCase, kernelDifferences, OurKernel, plainKernel } from './bench/kernel.ts';
import { moneyCases, moneyDifferences } from './bench/money.ts';
import { batchDifferences, batchRecords } from './bench/record-batch.ts';

const SEEDS = [1, 2, 3] as const;

describe('both sides of a bench come to the same results', () => {
  test('kernel: every charge to the last digit, every refusal by its code', async () => {
    const work = kernelCase({ accounts: 50, uses: 3_000 });
    const ours = (await OurKernel.open(work)).run();
    const plain = work.uses.map(
      (
        (kernel) => (record) =>
          kernel.take(record)
      )(plainKernel(work)),
    );
    expect(kernelDifferences(work, ours, plain)).toBe(0);
    const codes = new Set(plain.map((verdict) => (verdict.kind === 'charge' ? 'charge' : verdict.code)));
    expect(codes).toContain('duplicate');
    expect(codes.size).toBeGreaterThan(2);
  });

  test('kernel: a difference is seen', async () => {
    const work = kernelCase({ accounts: 5, uses: 20 });
    const ours = (await OurKernel.open(work)).run();
    const plain = work.uses.map(() => ({ kind: 'refused', code: 'duplicate' }) as const);
    expect(kernelDifferences(work, ours, plain)).toBe(work.uses.length);
  });

  test.each(SEEDS)('money, seed %i: every line and every bill', (seed) => {
    for (const work of moneyCases(seed, 25_000)) expect(moneyDifferences(work)).toBe(0);
  });

  test('codec: every record comes back as it was in every way', async () => {
    for (const codecCase of await codecCases(300)) {
      expect(codecCase.values.length).toBe(300);
      expect(codecDifferences(codecCase)).toBe(0);
    }
  });

  test.each(SEEDS)('record batch, seed %i: the same bytes, and every record comes back', async (seed) => {
    expect(await batchDifferences(batchRecords(seed, 300))).toBe(0);
  });
});
