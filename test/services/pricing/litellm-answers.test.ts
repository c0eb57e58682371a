/**
 * Our prices against the answers of the publisher's own cost function, for the same entries and the same uses.
 *
 * The answers are floats and not exact, so they are compared at 1e-12 as `prices-and-senders` says. Known difference,
 * left out of the cases: for one provider (fireworks_ai) that function assumes a cache price the map does not hold.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { decimalOf, parseDecimal } from '../../../schemas/decimal-text.ts';
import { importLitellmMap } from '../../../services/pricing/litellm-map.ts';
import { missingClass, priceTokens, sumOf } from '../../../services/pricing/price-tokens.ts';
import { ratesFor, resolveModel } from '../../../services/pricing/resolve-model.ts';

const count = z.number().int().nonnegative();
const file = z.object({
  cases: z.array(
    z.object({
      model: z.string(),
      provider: z.string(),
      prices: z.record(z.string(), z.string()),
      use: z.object({
        serviceTier: z.string(),
        inputTokens: count,
        outputTokens: count,
        cacheReadTokens: count,
        cacheWriteTokens: count,
        reasoningTokens: count,
      }),
      answer: z.string(),
    }),
  ),
});

const text = readFileSync(new URL('litellm-answers.json', import.meta.url), 'utf8');
const { cases } = file.parse(JSON.parse(text));

test.each(cases)('$model $use', ({ model, provider, prices, use, answer }) => {
  const imported = importLitellmMap({ [model]: { litellm_provider: provider, ...prices } });
  const [found] = imported.prices;
  expect(found).toBeDefined();
  if (found === undefined) return;
  const rates = ratesFor(resolveModel(found), use);
  expect(rates).not.toBeNull();
  if (rates === null) return;
  expect(missingClass(rates, use)).toBeNull();
  const difference = decimalOf(sumOf(priceTokens(rates, use)))
    .minus(parseDecimal(answer))
    .abs();
  expect(difference.lessThanOrEqualTo('1e-12')).toBe(true);
});
