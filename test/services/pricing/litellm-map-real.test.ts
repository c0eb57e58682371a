/** The whole published map: every model is priced or named, every price field is a rate or reported. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { formatAmount } from '../../../schemas/amount.ts';
import { parseDecimal } from '../../../schemas/decimal-text.ts';
import { parseJsonExact } from '../../../schemas/json-exact.ts';
import { meaningOf } from '../../../services/pricing/litellm-fields.ts';
import { type ImportedPrices, importLitellmMap } from '../../../services/pricing/litellm-map.ts';
import { PART_BYTES_MAX, splitPriceBook } from '../../../services/pricing/price-book-parts.ts';
import { at } from './fixtures.ts';

const folder = new URL('../../../../shared/data/litellm-prices/', import.meta.url);
const reason = 'the price maps are not in ../shared/data/litellm-prices';

function mapOf(release: string): unknown {
  const packed = readFileSync(new URL(`model_prices_${release}.json.gz`, folder));
  return parseJsonExact(gunzipSync(packed).toString('utf8'));
}

function entriesOf(map: unknown): ReadonlyMap<string, ReadonlyMap<string, unknown>> {
  if (typeof map !== 'object' || map === null) throw new Error('not a map');
  return new Map(
    Object.entries(map).map(([model, entry]: [string, unknown]) => [
      model,
      new Map(Object.entries(typeof entry === 'object' && entry !== null ? entry : {})),
    ]),
  );
}

function tally(texts: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

const RELEASES = [
  { release: '1.75.0', models: 1_257 },
  { release: '1.90.6', models: 2_838 },
  { release: '1.106.2', models: 4_242 },
  { release: '1.109.1', models: 4_553 },
];

describe.skipIf(!existsSync(folder))(`the published price map (else skipped: ${reason})`, () => {
  test.each(RELEASES)(
    'release $release: each of $models keys is priced or named, once',
    ({ release, models }) => {
      const map = mapOf(release);
      const { prices, skipped } = importLitellmMap(map);
      const accounted = [...prices, ...skipped].map(({ model }) => model);
      expect(accounted).toHaveLength(models);
      expect(new Set(accounted)).toEqual(new Set(entriesOf(map).keys()));
    },
  );

  test('release 1.109.1 in numbers', () => {
    const { prices, skipped, inexpressible } = importLitellmMap(mapOf('1.109.1'));
    expect(prices).toHaveLength(3_638);
    expect(tally(skipped.map((entry) => entry.reason))).toEqual({
      not_a_model: 2,
      no_price: 94,
      no_token_price: 677,
      withheld: 142,
    });
    expect(tally(inexpressible.map((entry) => entry.reason))).toEqual({
      other_unit: 1_886,
      other_token_class: 598,
      multiplier: 117,
      cache_lifetime: 77,
      tiered_pricing: 56,
      too_fine: 55,
      off_peak_pricing: 10,
      unknown_tier: 8,
    });
  });

  test('every field of every model is a rate with the exact price, reported, or known not to be a price', () => {
    const map = mapOf('1.109.1');
    const result = importLitellmMap(map);
    const rates = ratesByField(result);
    const reported = new Set(result.inexpressible.map(({ model, field }) => `${model} ${field}`));
    const notModels = new Set(
      result.skipped.filter((entry) => entry.reason === 'not_a_model').map(({ model }) => model),
    );
    const withheld = new Set(result.skipped.map(({ model }) => model));
    const lost: string[] = [];
    for (const [model, fields] of entriesOf(map)) {
      if (notModels.has(model)) continue;
      for (const [field, value] of fields) {
        const meaning = meaningOf(field);
        if (meaning.kind === 'context' || reported.has(`${model} ${field}`)) continue;
        if (meaning.kind === 'rate') {
          const { tokenClass, serviceTier, abovePromptTokens } = meaning;
          const known = rates.get(`${model} ${tokenClass} ${serviceTier} ${abovePromptTokens}`);
          if (known !== undefined && parseDecimal(known).equals(parseDecimal(String(value)))) continue;
          if (withheld.has(model)) continue;
        }
        if (field === 'provider_specific_entry' && !/\d\.\d/.test(JSON.stringify(value))) continue;
        lost.push(`${model} ${field}`);
      }
    }
    expect(lost).toEqual([]);
  });

  test('fits into parts that a broker takes', () => {
    const { prices } = importLitellmMap(mapOf('1.109.1'));
    const parts = splitPriceBook({
      priceBookId: 'litellm',
      version: 1,
      purpose: 'cost',
      currency: 'USD',
      effectiveAt: at('2026-01-01'),
      prices,
    });
    expect(parts.flatMap((part) => part.prices)).toEqual(prices);
    expect(parts.length).toBeLessThan(20);
    for (const part of parts) expect(part.prices.length * 30).toBeLessThan(PART_BYTES_MAX);
  });
});

function ratesByField({ prices }: ImportedPrices): ReadonlyMap<string, string> {
  return new Map(
    prices.flatMap(({ model, rates }) =>
      rates.map(({ tokenClass, serviceTier, abovePromptTokens, pricePerToken }): [string, string] => [
        `${model} ${tokenClass} ${serviceTier} ${abovePromptTokens}`,
        formatAmount(pricePerToken),
      ]),
    ),
  );
}
