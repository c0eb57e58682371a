/** The parts of the page that need no browser: exact decimals, stacking, and words in both languages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEAD_LETTERS, REFUSALS } from '../../../schemas/refusals.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'services', 'console', 'page');
const { unitsOf, textOf, sumOf, niceSteps } = await import(join(folder, 'decimal.js'));
const { CODES_ZH } = await import(join(folder, 'words-zh.js'));
const { stack } = await import(join(folder, 'chart.js'));
const { t, chooseLanguage, ruleOf, known } = await import(join(folder, 'words.js'));

describe('decimals', () => {
  test.each([
    ['0', 0n],
    ['-0.000000000001', -1n],
    ['12.5', 12_500_000_000_000n],
    ['99999999999999999999999999.999999999999', 99999999999999999999999999999999999999n],
  ])('%s', (text, units) => {
    expect(unitsOf(text)).toBe(units);
    expect(textOf(units)).toBe(text);
  });

  test.each(['', '1e3', '1.', '.5', '1,5', '1.0000000000001', ' 1'])('refuses "%s"', (text) => {
    expect(() => unitsOf(text)).toThrow(RangeError);
  });

  test('sums are exact and the text comes back', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n })), (all) => {
        expect(sumOf(all.map(textOf))).toBe(all.reduce((sum, units) => sum + units, 0n));
      }),
    );
  });

  test('steps of an axis cover the maximum with few lines', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 38n }), (maximum) => {
        const steps: readonly bigint[] = niceSteps(maximum, 4);
        expect(steps.at(-1)).toBeGreaterThanOrEqual(maximum);
        expect(steps[0]).toBe(0n);
        expect(steps.length).toBeLessThanOrEqual(5);
      }),
    );
  });
});

describe('the stack', () => {
  test('the largest eight models have a colour each, the others one together, and nothing is lost', () => {
    const rows = Array.from({ length: 11 }, (_, index) => ({
      day: index % 2 === 0 ? '2026-03-10' : '2026-03-09',
      provider: 'p',
      model: `m${index}`,
      cost: `${index + 1}.000000000001`,
    }));
    const { series, days } = stack(rows);
    expect(series.map(({ name }: { name: string | null }) => name)).toEqual([
      ...['p/m10', 'p/m9', 'p/m8', 'p/m7', 'p/m6', 'p/m5', 'p/m4', 'p/m3'],
      null,
    ]);
    expect(series.at(-1).models).toBe(3);
    expect(days.map(({ day }: { day: string }) => day)).toEqual(['2026-03-09', '2026-03-10']);
    const total = days.reduce((sum: bigint, { total }: { total: bigint }) => sum + total, 0n);
    expect(textOf(total)).toBe('66.000000000011');
  });
});

describe('words', () => {
  test('every refusal and dead letter has its meaning and way out in Chinese, and no other code has', () => {
    const codes = [...REFUSALS, ...DEAD_LETTERS].map(({ code }) => code);
    expect(new Set(CODES_ZH.keys())).toEqual(new Set(codes));
    chooseLanguage('zh');
    expect(ruleOf({ code: 'duplicate', meaning: 'x', wayOut: 'y' }).wayOut).toBe('无需处理。');
    expect(known('checks', 'a check of a later version')).toBe('a check of a later version');
    chooseLanguage('en');
    expect(ruleOf({ code: 'duplicate', meaning: 'x', wayOut: 'y' })).toEqual({ meaning: 'x', wayOut: 'y' });
  });

  test('every word that the page asks for exists in both languages', () => {
    const texts = readdirSync(folder)
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    const asked = new Set(texts.flatMap((text) => [...text.matchAll(/\bt\('(\w+)'/g)].map(([, key]) => key)));
    expect(asked.size).toBeGreaterThan(80);
    for (const language of ['en', 'zh']) {
      chooseLanguage(language);
      for (const key of asked) expect(() => t(key, 1, 2, 3)).not.toThrow();
    }
    chooseLanguage('en');
  });

  test('nothing in the page writes markup from text', () => {
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), 'utf8');
      expect([
        name,
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|style=/.test(text),
      ]).toEqual([name, false]);
    }
  });
});
