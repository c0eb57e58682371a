/** Uses: one charge each, by the terms in force when they occurred. */
import { describe, expect, test } from 'vitest';
import type { Account } from '../../../schemas/generated/account.ts';
import type { Contract } from '../../../schemas/generated/contract.ts';
import type { PriceBook } from '../../../schemas/generated/price-book.ts';
import type { UsageEvent } from '../../../schemas/generated/usage-event.ts';
import { at, book, price, usd } from '../pricing/fixtures.ts';
import { brief, chargesIn, componentsOf, world } from './answers.ts';
import { account, contract, use } from './fixtures.ts';

interface Row {
  readonly name: string;
  readonly accounts?: readonly Account[];
  readonly contracts?: readonly Contract[];
  readonly books?: readonly PriceBook[];
  readonly when: UsageEvent;
  readonly then: readonly string[];
  readonly components?: readonly string[];
}

const RATED = ['use:r-1 usage rated 0.0035 USD'];
const cheaper = price('openai', 'gpt-4o', { input: '0.000001', output: '0.000002' });
const tiered = price('google', 'gemini', { input: '0.000001', 'input>200000': '0.000002', output: '0' });

const rows: readonly Row[] = [
  {
    name: 'account, contract and price are there',
    when: use(),
    then: RATED,
    components: ['input 1000 x 0.0000025 = 0.0025', 'output 100 x 0.00001 = 0.001'],
  },
  {
    name: 'a failed call is charged by its tokens like any other',
    when: use({ status: 'error', errorCode: 'timeout' }),
    then: RATED,
  },
  {
    name: 'a use without tokens of a priced model is rated at nothing',
    when: use({ kind: 'tool', inputTokens: 0, outputTokens: 0 }),
    then: ['use:r-1 usage rated 0 USD'],
    components: [],
  },
  {
    name: 'a use without tokens of an unpriced model is not',
    when: use({ kind: 'tool', model: 'search', inputTokens: 0, outputTokens: 0 }),
    then: ['use:r-1 usage suspense 0 USD price_missing', 'refused price_missing model'],
  },
  {
    name: 'a markup multiplies each component',
    contracts: [contract({ usageMarkup: usd('1.2') })],
    when: use(),
    then: ['use:r-1 usage rated 0.0042 USD'],
    components: ['input 1000 x 0.000003 = 0.003', 'output 100 x 0.000012 = 0.0012'],
  },
  {
    name: 'a markup is applied to the exact amount, not to the rounded unit price',
    contracts: [contract({ usageMarkup: usd('1.5') })],
    books: [book({ prices: [price('openai', 'gpt-4o', { input: '0.000000000001', output: '0' })] })],
    when: use({ inputTokens: 1_000_000, outputTokens: 0 }),
    then: ['use:r-1 usage rated 0.0000015 USD'],
    components: ['input 1000000 x 0.000000000002 = 0.0000015'],
  },
  {
    name: 'a tie at the twelfth decimal goes to the even digit',
    contracts: [contract({ usageMarkup: usd('0.5') })],
    books: [book({ prices: [price('openai', 'gpt-4o', { input: '0.000000000001', output: '0' })] })],
    when: use({ inputTokens: 5, outputTokens: 0 }),
    then: ['use:r-1 usage rated 0.000000000002 USD'],
  },
  {
    name: 'a markup of zero is a free use, not an unpriced one',
    contracts: [contract({ usageMarkup: usd('0') })],
    when: use(),
    then: ['use:r-1 usage rated 0 USD'],
  },
  {
    name: 'a prompt of 200000 tokens is below the size',
    books: [book({ prices: [tiered] })],
    when: use({ provider: 'google', model: 'gemini', inputTokens: 200_000 }),
    then: ['use:r-1 usage rated 0.2 USD'],
  },
  {
    name: 'a prompt of 200001 tokens is above it with all its tokens',
    books: [book({ prices: [tiered] })],
    when: use({ provider: 'google', model: 'gemini', inputTokens: 200_001 }),
    then: ['use:r-1 usage rated 0.400002 USD'],
  },
  {
    name: 'the book version in force at the time of the use',
    books: [book(), book({ version: 2, effectiveAt: at('2026-03-10T12:00:00.001Z'), prices: [cheaper] })],
    when: use({ occurredAt: at('2026-03-10T12:00:00.000Z') }),
    then: RATED,
  },
  {
    name: 'the next version from its first instant on',
    books: [book(), book({ version: 2, effectiveAt: at('2026-03-10T12:00:00.001Z'), prices: [cheaper] })],
    when: use({ occurredAt: at('2026-03-10T12:00:00.001Z') }),
    then: ['use:r-1 usage rated 0.0012 USD'],
  },
  {
    name: 'the contract version in force at the time of the use',
    contracts: [contract(), contract({ version: 2, effectiveAt: at('2026-04-01'), usageMarkup: usd('9') })],
    when: use(),
    then: RATED,
  },
  {
    name: 'the later contract version for a later use',
    contracts: [contract(), contract({ version: 2, effectiveAt: at('2026-04-01'), usageMarkup: usd('2') })],
    when: use({ occurredAt: at('2026-04-01') }),
    then: ['use:r-1 usage rated 0.007 USD'],
  },
  {
    name: 'a book for costs charges nobody',
    books: [book({ purpose: 'cost' })],
    when: use(),
    then: ['use:r-1 usage suspense 0 USD price_missing', 'refused price_missing priceBookId'],
  },
  {
    name: 'no account',
    accounts: [],
    when: use(),
    then: ['use:r-1 usage suspense 0 XXX account_unknown', 'refused account_unknown accountId'],
  },
  {
    name: 'an account that begins later',
    accounts: [account({ effectiveAt: at('2026-04-01') })],
    when: use(),
    then: ['use:r-1 usage suspense 0 XXX account_unknown', 'refused account_unknown accountId'],
  },
  {
    name: 'a closed account still owes what it used',
    accounts: [account({ status: 'closed' })],
    when: use(),
    then: RATED,
  },
  {
    name: 'no contract',
    contracts: [],
    when: use(),
    then: ['use:r-1 usage suspense 0 USD contract_missing', 'refused contract_missing accountId'],
  },
  {
    name: 'a contract that begins later',
    contracts: [contract({ effectiveAt: at('2026-04-01') })],
    when: use(),
    then: ['use:r-1 usage suspense 0 USD contract_missing', 'refused contract_missing accountId'],
  },
  {
    name: 'no price book',
    books: [],
    when: use(),
    then: ['use:r-1 usage suspense 0 USD price_missing', 'refused price_missing priceBookId'],
  },
  {
    name: 'a price book that begins later',
    books: [book({ effectiveAt: at('2026-04-01') })],
    when: use(),
    then: ['use:r-1 usage suspense 0 USD price_missing', 'refused price_missing priceBookId'],
  },
  {
    name: 'a price book with parts missing',
    books: [book({ parts: 2 })],
    when: use(),
    then: ['use:r-1 usage suspense 0 USD reference_incomplete', 'refused reference_incomplete priceBookId'],
  },
  {
    name: 'a price book in another currency',
    books: [book({ currency: 'EUR' })],
    when: use(),
    then: ['use:r-1 usage suspense 0 USD currency_mismatch', 'refused currency_mismatch currency'],
  },
  {
    name: 'a model that is not in the book',
    when: use({ model: 'gpt-9' }),
    then: ['use:r-1 usage suspense 0 USD price_missing', 'refused price_missing model'],
  },
  {
    name: 'a service tier that the model does not sell',
    when: use({ serviceTier: 'batch' }),
    then: ['use:r-1 usage suspense 0 USD price_missing', 'refused price_missing serviceTier'],
  },
  {
    name: 'a token class without a price',
    books: [book({ prices: [price('openai', 'gpt-4o', { input: '1' })] })],
    when: use(),
    then: ['use:r-1 usage suspense 0 USD price_missing', 'refused price_missing outputTokens'],
  },
];

describe('a use', () => {
  test.each(rows)('$name', ({ accounts, contracts, books, when, then, components }) => {
    const { take } = world();
    for (const value of accounts ?? [account()]) take('accounts', value);
    for (const value of contracts ?? [contract()]) take('contracts', value);
    for (const value of books ?? [book()]) take('price-books', value);
    const answers = take('usage-events', when);
    expect(brief(answers)).toEqual(then);
    if (components !== undefined) expect(componentsOf(answers)).toEqual(components);
  });

  test('the charge names everything that led to it', () => {
    const given = world();
    given.take('accounts', account());
    given.take('contracts', contract({ version: 4 }));
    given.take('price-books', book({ version: 7 }));
    given.appendAt(at('2026-03-10T12:00:05Z'));
    expect(chargesIn(given.take('usage-events', use()))).toEqual([
      {
        chargeId: 'use:r-1',
        accountId: 'acme',
        kind: 'usage',
        status: 'rated',
        lineClass: 'usage',
        requestId: 'r-1',
        decisionId: null,
        amends: null,
        amount: usd('0.0035'),
        currency: 'USD',
        components: [
          { item: 'input', quantity: 1_000, unitPrice: usd('0.0000025'), amount: usd('0.0025') },
          { item: 'output', quantity: 100, unitPrice: usd('0.00001'), amount: usd('0.001') },
        ],
        contractId: 'c-1',
        contractVersion: 4,
        priceBookId: 'list',
        priceBookVersion: 7,
        suspenseReason: null,
        projectId: 'p-1',
        costCentre: 'cc-7',
        apiKeyId: 'key-1',
        provider: 'openai',
        model: 'gpt-4o',
        occurredAt: at('2026-03-10T12:00:00Z'),
        recordedAt: at('2026-03-10T12:00:05Z'),
        cause: { topic: 'usage-events', partition: 0, offset: 0 },
      },
    ]);
  });

  test('a rated use leaves no state behind', () => {
    const given = world();
    given.take('accounts', account());
    given.take('contracts', contract());
    given.take('price-books', book());
    given.project();
    const before = given.store.sizes();
    given.take('usage-events', use());
    expect(given.store.changes()).toEqual([]);
    given.project();
    expect(given.store.sizes()).toEqual(before);
  });
});

describe('reference data that is not acceptable', () => {
  const broken = { prices: [], includedOutcomes: 0, overageFactor: usd('1'), baseFee: usd('0') };
  const twice = { outcomeType: 'x', price: usd('1'), baseRate: usd('1') };
  test.each([
    ['a currency that does not exist', account({ currency: 'ABC' }), 'refused unknown_currency currency'],
    [
      'a time zone that does not exist',
      account({ timeZone: 'Mars/X' }),
      'refused unknown_time_zone timeZone',
    ],
    [
      'the same version, other terms',
      account({ timeZone: 'Asia/Tokyo' }),
      'refused version_conflict version',
    ],
  ])('account: %s', (name, value, then) => {
    const given = world();
    if (name.startsWith('the same')) given.take('accounts', account());
    expect(brief(given.take('accounts', value))).toEqual([then]);
    expect(brief(given.take('usage-events', use())).at(1)).toMatch(/^refused/);
  });

  test.each([
    ['a negative markup', contract({ usageMarkup: usd('-1') }), 'refused invalid_value usageMarkup'],
    ['a markup beyond measure', contract({ usageMarkup: usd('10001') }), 'refused invalid_value usageMarkup'],
    [
      'a negative base fee',
      contract({ outcomePlan: { ...broken, baseFee: usd('-1') } }),
      'refused invalid_value outcomePlan',
    ],
    [
      'a negative allowance',
      contract({ outcomePlan: { ...broken, includedOutcomes: -1 } }),
      'refused invalid_value outcomePlan',
    ],
    [
      'two prices for one outcome',
      contract({ outcomePlan: { ...broken, prices: [twice, twice] } }),
      'refused invalid_value outcomePlan',
    ],
    [
      'more outcome types than a plan holds',
      contract({
        outcomePlan: {
          ...broken,
          prices: Array.from({ length: 1_001 }, (_, index) => ({ ...twice, outcomeType: `x${index}` })),
        },
      }),
      'refused invalid_value outcomePlan',
    ],
  ])('contract: %s', (_, value, then) => {
    expect(brief(world().take('contracts', value))).toEqual([then]);
  });

  test('the same contract version again is no news, another content is refused', () => {
    const given = world();
    given.take('contracts', contract());
    expect(given.take('contracts', contract())).toEqual([]);
    expect(brief(given.take('contracts', contract({ usageMarkup: usd('3') })))).toEqual([
      'refused version_conflict version',
    ]);
  });

  test('a price book part that is not acceptable is refused with book and version', () => {
    const given = world();
    given.take('price-books', book());
    expect(given.take('price-books', book())).toEqual([]);
    const answers = given.take('price-books', book({ prices: [] }));
    expect(answers).toMatchObject([{ topic: 'rejected', code: 'version_conflict', recordId: 'list@1' }]);
  });

  test('the versions of an account are limited', () => {
    const given = world();
    for (let version = 1; version <= 1_000; version += 1) given.take('accounts', account({ version }));
    expect(brief(given.take('accounts', account({ version: 1_001 })))).toEqual([
      'refused versions_exhausted version',
    ]);
  });
});
