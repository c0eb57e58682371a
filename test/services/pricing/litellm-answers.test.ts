/**
 * Our prices against the answers of the publisher's own cost function, for the same entries and the same uses.
 *
 * Origin of the cases: litellm 1.109.1 (MIT), `generic_cost_per_token` on entries of its own price map.
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
const line = z.object({
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
});

const text = readFileSync(new URL('litellm-answers.jsonl', import.meta.url), 'utf8');
const cases = text
  .trim()
  .split('\n')
  .map((row) => line.parse(JSON.parse(row)));

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
