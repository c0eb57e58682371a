/** Prices of one model: which rate a token takes, by class, service tier and size of the prompt. */
import { describe, expect, test } from 'vitest';
import { formatAmount } from '../../../schemas/amount.ts';
import type { TokenUse } from '../../../services/pricing/model.ts';
import { cacheSavings, missingClass, priceTokens, sumOf } from '../../../services/pricing/price-tokens.ts';
import { ratesFor, resolveModel } from '../../../services/pricing/resolve-model.ts';
import { price } from './fixtures.ts';

const NOTHING: TokenUse = {
  serviceTier: 'standard',
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

/** Components as `class quantity x unit = amount`, or what is missing. */
function lines(rates: Readonly<Record<string, string>>, counts: Partial<TokenUse>): readonly string[] {
  const use = { ...NOTHING, ...counts };
  const found = ratesFor(resolveModel(price('p', 'm', rates)), use);
  if (found === null) return [`no price for the ${use.serviceTier} tier`];
  const missing = missingClass(found, use);
  if (missing !== null) return [`no price for ${missing}`];
  return priceTokens(found, use).map(
    ({ tokenClass, quantity, unitPrice, amount }) =>
      `${tokenClass} ${quantity} x ${formatAmount(unitPrice)} = ${formatAmount(amount)}`,
  );
}

interface Row {
  readonly name: string;
  readonly rates: Readonly<Record<string, string>>;
  readonly use: Partial<TokenUse>;
  readonly lines: readonly string[];
}

function table(title: string, rows: readonly Row[]): void {
  describe(title, () => {
    test.each(rows)('$name', ({ rates, use, lines: wanted }) => {
      expect(lines(rates, use)).toEqual(wanted);
    });
  });
}

const BASIC = { input: '0.000003', output: '0.000015' };
const CACHED = { ...BASIC, cache_read: '0.0000003', cache_write: '0.00000375' };
const SIZED = {
  ...CACHED,
  'input>200000': '0.000006',
  'output>200000': '0.0000225',
  'cache_read>200000': '0.0000006',
  'cache_write>200000': '0.0000075',
};

table('token classes', [
  {
    name: 'input and output have a price each',
    rates: BASIC,
    use: { inputTokens: 1_000, outputTokens: 200 },
    lines: ['input 1000 x 0.000003 = 0.003', 'output 200 x 0.000015 = 0.003'],
  },
  {
    name: 'no tokens are no components',
    rates: BASIC,
    use: {},
    lines: [],
  },
  {
    name: 'cached tokens are part of the input and leave it',
    rates: CACHED,
    use: { inputTokens: 1_000, cacheReadTokens: 600, cacheWriteTokens: 300 },
    lines: [
      'input 100 x 0.000003 = 0.0003',
      'cache_read 600 x 0.0000003 = 0.00018',
      'cache_write 300 x 0.00000375 = 0.001125',
    ],
  },
  {
    name: 'a prompt served wholly from a cache has no input component',
    rates: CACHED,
    use: { inputTokens: 500, cacheReadTokens: 500 },
    lines: ['cache_read 500 x 0.0000003 = 0.00015'],
  },
  {
    name: 'without a cache price cached tokens are ordinary input',
    rates: BASIC,
    use: { inputTokens: 1_000, cacheReadTokens: 600, cacheWriteTokens: 300 },
    lines: ['input 1000 x 0.000003 = 0.003'],
  },
  {
    name: 'a read price alone leaves written tokens in the input',
    rates: { ...BASIC, cache_read: '0.0000003' },
    use: { inputTokens: 1_000, cacheReadTokens: 600, cacheWriteTokens: 300 },
    lines: ['input 400 x 0.000003 = 0.0012', 'cache_read 600 x 0.0000003 = 0.00018'],
  },
  {
    name: 'a cache price of zero is a price',
    rates: { ...BASIC, cache_read: '0' },
    use: { inputTokens: 1_000, cacheReadTokens: 600 },
    lines: ['input 400 x 0.000003 = 0.0012', 'cache_read 600 x 0 = 0'],
  },
  {
    name: 'tokens written for an hour have their own price',
    rates: { ...CACHED, cache_write_1h: '0.000006' },
    use: { inputTokens: 1_000, cacheWriteTokens: 500, cacheWrite1hTokens: 200 },
    lines: [
      'input 500 x 0.000003 = 0.0015',
      'cache_write 300 x 0.00000375 = 0.001125',
      'cache_write_1h 200 x 0.000006 = 0.0012',
    ],
  },
  {
    name: 'without a one-hour price the five-minute price holds',
    rates: CACHED,
    use: { inputTokens: 500, cacheWriteTokens: 500, cacheWrite1hTokens: 200 },
    lines: ['cache_write 300 x 0.00000375 = 0.001125', 'cache_write_1h 200 x 0.00000375 = 0.00075'],
  },
  {
    name: 'without any write price both lifetimes are ordinary input',
    rates: BASIC,
    use: { inputTokens: 500, cacheWriteTokens: 500, cacheWrite1hTokens: 200 },
    lines: ['input 500 x 0.000003 = 0.0015'],
  },
  {
    name: 'reasoning with a price leaves the output',
    rates: { ...BASIC, reasoning: '0.00002' },
    use: { outputTokens: 1_000, reasoningTokens: 400 },
    lines: ['output 600 x 0.000015 = 0.009', 'reasoning 400 x 0.00002 = 0.008'],
  },
  {
    name: 'reasoning without a price is output',
    rates: BASIC,
    use: { outputTokens: 1_000, reasoningTokens: 400 },
    lines: ['output 1000 x 0.000015 = 0.015'],
  },
  {
    name: 'a class that was not used needs no price',
    rates: { input: '0.00000002' },
    use: { inputTokens: 1_000 },
    lines: ['input 1000 x 0.00000002 = 0.00002'],
  },
  {
    name: 'output without a price is not free',
    rates: { input: '0.00000002' },
    use: { inputTokens: 1_000, outputTokens: 1 },
    lines: ['no price for output'],
  },
  {
    name: 'input without a price is not free',
    rates: { output: '0.00001' },
    use: { inputTokens: 1, outputTokens: 1 },
    lines: ['no price for input'],
  },
  {
    name: 'cached tokens without any price are missing as input',
    rates: { output: '0.00001' },
    use: { inputTokens: 5, cacheReadTokens: 5 },
    lines: ['no price for input'],
  },
]);

table('size tiers', [
  {
    name: 'a prompt of exactly 200000 tokens is below the boundary',
    rates: SIZED,
    use: { inputTokens: 200_000, outputTokens: 10 },
    lines: ['input 200000 x 0.000003 = 0.6', 'output 10 x 0.000015 = 0.00015'],
  },
  {
    name: 'one token more and every token of the request takes the price above',
    rates: SIZED,
    use: { inputTokens: 200_001, outputTokens: 10, cacheReadTokens: 100_000, cacheWriteTokens: 50_000 },
    lines: [
      'input 50001 x 0.000006 = 0.300006',
      'cache_read 100000 x 0.0000006 = 0.06',
      'cache_write 50000 x 0.0000075 = 0.375',
      'output 10 x 0.0000225 = 0.000225',
    ],
  },
  {
    name: 'the total prompt is compared, not the fresh part of it',
    rates: SIZED,
    use: { inputTokens: 250_000, cacheReadTokens: 240_000 },
    lines: ['input 10000 x 0.000006 = 0.06', 'cache_read 240000 x 0.0000006 = 0.144'],
  },
  {
    name: 'where the boundary is included, exactly 200000 tokens are above',
    rates: { ...BASIC, 'input>=200000': '0.000006', 'output>=200000': '0.00003' },
    use: { inputTokens: 200_000, outputTokens: 10 },
    lines: ['input 200000 x 0.000006 = 1.2', 'output 10 x 0.00003 = 0.0003'],
  },
  {
    name: 'where the boundary is included, 199999 tokens are below',
    rates: { ...BASIC, 'input>=200000': '0.000006' },
    use: { inputTokens: 199_999 },
    lines: ['input 199999 x 0.000003 = 0.599997'],
  },
  {
    name: 'of two sizes passed the larger one holds',
    rates: { ...BASIC, 'input>128000': '0.000004', 'input>256000': '0.000005' },
    use: { inputTokens: 300_000 },
    lines: ['input 300000 x 0.000005 = 1.5'],
  },
  {
    name: 'between two sizes the smaller one holds',
    rates: { ...BASIC, 'input>128000': '0.000004', 'input>256000': '0.000005' },
    use: { inputTokens: 256_000 },
    lines: ['input 256000 x 0.000004 = 1.024'],
  },
  {
    name: 'a class without a price at the larger size keeps that of the smaller one',
    rates: { ...BASIC, 'output>128000': '0.00002', 'input>256000': '0.000005' },
    use: { inputTokens: 300_000, outputTokens: 1 },
    lines: ['input 300000 x 0.000005 = 1.5', 'output 1 x 0.00002 = 0.00002'],
  },
  {
    name: 'a cache price that exists only above a size is used only there',
    rates: { ...BASIC, 'cache_write>200000': '0.0000025' },
    use: { inputTokens: 200_000, cacheWriteTokens: 1_000 },
    lines: ['input 200000 x 0.000003 = 0.6'],
  },
  {
    name: 'reasoning without a price above the size takes the output price above it',
    rates: { ...BASIC, reasoning: '0.00001', 'output>200000': '0.00003' },
    use: { inputTokens: 200_001, outputTokens: 100, reasoningTokens: 40 },
    lines: ['input 200001 x 0.000003 = 0.600003', 'output 100 x 0.00003 = 0.003'],
  },
]);

const PRIORITY = { ...CACHED, 'input@priority': '0.000006', 'output@priority': '0.00003' };

table('service tiers', [
  {
    name: 'a tier has prices of its own',
    rates: PRIORITY,
    use: { serviceTier: 'priority', inputTokens: 100, outputTokens: 10 },
    lines: ['input 100 x 0.000006 = 0.0006', 'output 10 x 0.00003 = 0.0003'],
  },
  {
    name: 'the standard tier is not touched by them',
    rates: PRIORITY,
    use: { inputTokens: 100, outputTokens: 10 },
    lines: ['input 100 x 0.000003 = 0.0003', 'output 10 x 0.000015 = 0.00015'],
  },
  {
    name: 'a tier that the model does not sell has no price',
    rates: PRIORITY,
    use: { serviceTier: 'batch', inputTokens: 100 },
    lines: ['no price for the batch tier'],
  },
  {
    name: 'a model sold only in batches has no standard price',
    rates: { 'input@batch': '0.000001' },
    use: { inputTokens: 100 },
    lines: ['no price for the standard tier'],
  },
  {
    name: 'cached tokens of a tier without a cache price take the standard cache price',
    rates: PRIORITY,
    use: { serviceTier: 'priority', inputTokens: 100, cacheReadTokens: 60 },
    lines: ['input 40 x 0.000006 = 0.00024', 'cache_read 60 x 0.0000003 = 0.000018'],
  },
  {
    name: 'reasoning in a tier with its own output price is billed at that',
    rates: { ...PRIORITY, reasoning: '0.00001' },
    use: { serviceTier: 'priority', outputTokens: 100, reasoningTokens: 40 },
    lines: ['output 100 x 0.00003 = 0.003'],
  },
  {
    name: 'reasoning in a tier without its own output price keeps the reasoning price',
    rates: { ...BASIC, reasoning: '0.00001', 'input@flex': '0.000001' },
    use: { serviceTier: 'flex', outputTokens: 100, reasoningTokens: 40 },
    lines: ['output 60 x 0.000015 = 0.0009', 'reasoning 40 x 0.00001 = 0.0004'],
  },
  {
    name: 'reasoning with a price in the tier takes it',
    rates: { ...PRIORITY, reasoning: '0.00001', 'reasoning@priority': '0.00005' },
    use: { serviceTier: 'priority', outputTokens: 100, reasoningTokens: 40 },
    lines: ['output 60 x 0.00003 = 0.0018', 'reasoning 40 x 0.00005 = 0.002'],
  },
  {
    name: 'a tier together with a size',
    rates: { ...PRIORITY, 'input>200000': '0.000004', 'input@priority>200000': '0.000012' },
    use: { serviceTier: 'priority', inputTokens: 200_001 },
    lines: ['input 200001 x 0.000012 = 2.400012'],
  },
  {
    name: 'a tier without a price above the size takes the standard price above it',
    rates: { ...PRIORITY, 'input>200000': '0.000004' },
    use: { serviceTier: 'priority', inputTokens: 200_001 },
    lines: ['input 200001 x 0.000004 = 0.800004'],
  },
]);

describe('cache savings', () => {
  const rows = [
    { name: 'cached tokens at the difference of the prices', rates: CACHED, tokens: 1_000, saved: '0.0027' },
    { name: 'nothing without a cache price', rates: BASIC, tokens: 1_000, saved: '0' },
    { name: 'nothing without cached tokens', rates: CACHED, tokens: 0, saved: '0' },
    {
      name: 'negative where a cached token costs more',
      rates: { ...BASIC, cache_read: '0.000004' },
      tokens: 1_000,
      saved: '-0.001',
    },
  ];
  test.each(rows)('$name', ({ rates, tokens, saved }) => {
    const use = { ...NOTHING, inputTokens: 2_000, cacheReadTokens: tokens };
    const found = ratesFor(resolveModel(price('p', 'm', rates)), use);
    expect(found).not.toBeNull();
    if (found !== null) expect(formatAmount(cacheSavings(found, use))).toBe(saved);
  });

  test('above a size they are counted at the prices above it', () => {
    const use = { ...NOTHING, inputTokens: 200_001, cacheReadTokens: 1_000 };
    const found = ratesFor(resolveModel(price('p', 'm', SIZED)), use);
    expect(found === null ? null : formatAmount(cacheSavings(found, use))).toBe('0.0054');
  });
});

test('the sum of no components is zero', () => {
  expect(formatAmount(sumOf([]))).toBe('0');
});
