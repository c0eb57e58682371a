/**
 * Price books with every field set, of which a test names only what it is about.
 *
 * Amounts are written as text, times as RFC 3339, so that a row of a table reads like the sentence it tests.
 */
import { type Amount, parseAmount } from '../../../schemas/amount.ts';
import type { ModelPrice, PriceBook, TokenRate } from '../../../schemas/generated/price-book.ts';
import { type Instant, parseInstant } from '../../../schemas/instant.ts';

export const usd = (text: string): Amount => parseAmount(text);
export const at = (text: string): Instant => parseInstant(text.length === 10 ? `${text}T00:00:00Z` : text);

/** `input@flex>200000` is the flex price of input above 200,000 tokens; `>=` includes the boundary. */
export function rate(name: string, price: string): TokenRate {
  const match = /^([a-z_0-9]+?)(?:@([a-z]+))?(?:(>=?)(\d+))?$/.exec(name);
  const [, tokenClass = name, serviceTier = 'standard', sign, size = '0'] = match ?? [];
  return {
    tokenClass,
    serviceTier,
    abovePromptTokens: Number(size),
    boundaryIncluded: sign === '>=',
    pricePerToken: usd(price),
  };
}

export function price(provider: string, model: string, rates: Readonly<Record<string, string>>): ModelPrice {
  return { provider, model, rates: Object.entries(rates).map(([name, text]) => rate(name, text)) };
}

export const PLAIN = price('openai', 'gpt-4o', { input: '0.0000025', output: '0.00001' });

export function book(changes: Partial<PriceBook> = {}): PriceBook {
  return {
    priceBookId: 'list',
    version: 1,
    purpose: 'customer',
    currency: 'USD',
    effectiveAt: at('2026-01-01'),
    part: 1,
    parts: 1,
    prices: [PLAIN],
    ...changes,
  };
}
