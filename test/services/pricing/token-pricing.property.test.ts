/** Token pricing against a second computation that shares nothing with it but the rates. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { amountOfUnits } from '../../../schemas/amount.ts';
import type { ModelPrice, TokenRate } from '../../../schemas/generated/price-book.ts';
import { TOKEN_CLASSES, type TokenUse } from '../../../services/pricing/model.ts';
import { missingClass, priceTokens, sumOf } from '../../../services/pricing/price-tokens.ts';
import { ratesFor, resolveModel } from '../../../services/pricing/resolve-model.ts';

const SIZES = [0, 128_000, 200_000];

const rates: fc.Arbitrary<readonly TokenRate[]> = fc.uniqueArray(
  fc.record({
    tokenClass: fc.constantFrom(...TOKEN_CLASSES),
    serviceTier: fc.constantFrom('standard', 'flex', 'priority'),
    abovePromptTokens: fc.constantFrom(...SIZES),
    boundaryIncluded: fc.constant(false),
    pricePerToken: fc.bigInt({ min: 0n, max: 10n ** 10n }).map(amountOfUnits),
  }),
  { selector: (rate) => `${rate.tokenClass}/${rate.serviceTier}/${rate.abovePromptTokens}`, maxLength: 30 },
);

const uses: fc.Arbitrary<TokenUse> = fc
  .record({
    serviceTier: fc.constantFrom('standard', 'flex', 'priority'),
    fresh: fc.oneof(fc.nat(400_000), fc.constantFrom(0, 128_000, 128_001, 200_000, 200_001)),
    cacheReadTokens: fc.oneof(fc.constant(0), fc.nat(100_000)),
    written5m: fc.oneof(fc.constant(0), fc.nat(100_000)),
    cacheWrite1hTokens: fc.oneof(fc.constant(0), fc.nat(1_000)),
    plain: fc.nat(100_000),
    reasoningTokens: fc.oneof(fc.constant(0), fc.nat(100_000)),
  })
  .map(({ serviceTier, fresh, cacheReadTokens, written5m, cacheWrite1hTokens, plain, reasoningTokens }) => ({
    serviceTier,
    inputTokens: fresh + cacheReadTokens + written5m + cacheWrite1hTokens,
    cacheReadTokens,
    cacheWriteTokens: written5m + cacheWrite1hTokens,
    cacheWrite1hTokens,
    outputTokens: plain + reasoningTokens,
    reasoningTokens,
  }));

/** Every token one by one in words: which rate, by walking from the nearest place to the farthest. */
function reference(model: ModelPrice, use: TokenUse): bigint | 'none' {
  if (!model.rates.some((rate) => rate.serviceTier === use.serviceTier)) return 'none';
  const places = [...SIZES]
    .reverse()
    .filter((size) => size === 0 || use.inputTokens > size)
    .flatMap((size) => [`${use.serviceTier}/${size}`, `standard/${size}`]);
  const placeOf = (tokenClass: string): number => {
    const index = places.findIndex((place) =>
      model.rates.some((rate) => rate.tokenClass === tokenClass && atPlace(rate) === place),
    );
    return index < 0 ? Number.POSITIVE_INFINITY : index;
  };
  const unit = (tokenClass: string): bigint | null => {
    const place = places[placeOf(tokenClass)];
    const found = model.rates.find((rate) => rate.tokenClass === tokenClass && atPlace(rate) === place);
    return found === undefined ? null : BigInt(found.pricePerToken);
  };
  const input = unit('input');
  const output = unit('output');
  const write = unit('cache_write') ?? input;
  const reasoning = placeOf('reasoning') <= placeOf('output') ? (unit('reasoning') ?? output) : output;
  const written1h = use.cacheWrite1hTokens ?? 0;
  const parts: readonly (readonly [number, bigint | null])[] = [
    [use.inputTokens - use.cacheReadTokens - use.cacheWriteTokens, input],
    [use.cacheReadTokens, unit('cache_read') ?? input],
    [use.cacheWriteTokens - written1h, write],
    [written1h, unit('cache_write_1h') ?? write],
    [use.outputTokens - use.reasoningTokens, output],
    [use.reasoningTokens, reasoning],
  ];
  let sum = 0n;
  for (const [count, price] of parts) {
    if (count > 0 && price === null) return 'none';
    sum += BigInt(count) * (price ?? 0n);
  }
  return sum;
}

function atPlace(rate: TokenRate): string {
  return `${rate.serviceTier}/${rate.abovePromptTokens}`;
}

test('agrees with the second computation, and components sum to the amount and to the tokens', () => {
  fc.assert(
    fc.property(rates, uses, (found, use) => {
      const model = { provider: 'p', model: 'm', rates: found };
      const resolved = ratesFor(resolveModel(model), use);
      const wanted = reference(model, use);
      if (resolved === null || missingClass(resolved, use) !== null) {
        expect(wanted).toBe('none');
        return;
      }
      const components = priceTokens(resolved, use);
      expect(BigInt(sumOf(components))).toBe(wanted);
      const tokens = components.reduce((sum, { quantity }) => sum + quantity, 0);
      expect(tokens).toBe(use.inputTokens + use.outputTokens);
      for (const { unitPrice, quantity, amount } of components) {
        expect(BigInt(amount)).toBe(BigInt(unitPrice) * BigInt(quantity));
      }
    }),
    { numRuns: 2_000 },
  );
});

test('the order in which a book lists its rates does not matter', () => {
  fc.assert(
    fc.property(rates, uses, fc.infiniteStream(fc.nat()), (found, use, keys) => {
      const shuffled = found
        .map((rate) => ({ rate, key: keys.next().value ?? 0 }))
        .sort((left, right) => left.key - right.key)
        .map(({ rate }) => rate);
      const price = (list: readonly TokenRate[]) =>
        ratesFor(resolveModel({ provider: 'p', model: 'm', rates: list }), use);
      expect(price(shuffled)).toEqual(price(found));
    }),
    { numRuns: 500 },
  );
});
