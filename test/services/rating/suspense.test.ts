/** Uses without a price: kept, found again by what they lack, charged once when it arrives (C7). */
import { describe, expect, test } from 'vitest';
import { formatAmount } from '../../../schemas/amount.ts';
import { parseAccountId } from '../../../schemas/ids.ts';
import { RELEASES_PER_INPUT_MAX } from '../../../services/pricing/suspense-release.ts';
import type { Scenario } from '../../support/scenario.ts';
import { at, book, PLAIN, price, usd } from '../pricing/fixtures.ts';
import { brief, chargesIn, world } from './answers.ts';
import { account, contract, decision, MODE_A, use } from './fixtures.ts';

type Arrival = (given: Scenario) => readonly string[];

const anAccount: Arrival = ({ take }) => brief(take('accounts', account()));
const aContract: Arrival = ({ take }) => brief(take('contracts', contract()));
const aBook: Arrival = ({ take }) => brief(take('price-books', book()));
const bookWithout: Arrival = ({ take }) =>
  brief(take('price-books', book({ prices: [price('openai', 'other', { input: '1' })] })));
const bookInEuro: Arrival = ({ take }) => brief(take('price-books', book({ currency: 'EUR' })));
const halfBook: Arrival = ({ take }) =>
  brief(take('price-books', book({ version: 2, parts: 2, prices: [] })));
const restOfBook: Arrival = ({ take }) => brief(take('price-books', book({ version: 2, part: 2, parts: 2 })));
const secondVersion: Arrival = ({ take }) => brief(take('price-books', book({ version: 2 })));
const laterVersion: Arrival = ({ take }) =>
  brief(take('price-books', book({ version: 2, effectiveAt: at('2026-05-01') })));
const otherBook: Arrival = ({ take }) => brief(take('price-books', book({ priceBookId: 'other' })));
const contractOnOther: Arrival = ({ take }) =>
  brief(take('contracts', contract({ version: 2, priceBookId: 'other' })));
const costBook: Arrival = ({ take }) => brief(take('price-books', book({ version: 3, purpose: 'cost' })));

const FILLED = ['fill:r-1 usage_backfill rated 0.0035 USD'];

interface Row {
  readonly name: string;
  readonly given: readonly Arrival[];
  readonly then: readonly (readonly [Arrival, readonly string[]])[];
}

const rows: readonly Row[] = [
  { name: 'a price book arrives', given: [anAccount, aContract], then: [[aBook, FILLED]] },
  { name: 'a contract arrives', given: [anAccount, aBook], then: [[aContract, FILLED]] },
  { name: 'an account arrives', given: [aContract, aBook], then: [[anAccount, FILLED]] },
  {
    name: 'everything arrives, account first',
    given: [],
    then: [
      [anAccount, []],
      [aContract, []],
      [aBook, FILLED],
    ],
  },
  {
    name: 'everything arrives, book first',
    given: [],
    then: [
      [aBook, []],
      [aContract, []],
      [anAccount, FILLED],
    ],
  },
  {
    name: 'a version with the model arrives after one without it',
    given: [anAccount, aContract],
    then: [
      [bookWithout, []],
      [secondVersion, FILLED],
    ],
  },
  {
    name: 'a version in the currency of the account arrives after one in another',
    given: [anAccount, aContract],
    then: [
      [bookInEuro, []],
      [secondVersion, FILLED],
    ],
  },
  {
    name: 'the last part of a version arrives',
    given: [anAccount, aContract],
    then: [
      [halfBook, []],
      [restOfBook, FILLED],
    ],
  },
  {
    name: 'a version that begins later does not help',
    given: [anAccount, aContract],
    then: [
      [laterVersion, []],
      [aBook, FILLED],
    ],
  },
  {
    name: 'a book for costs does not help',
    given: [anAccount, aContract],
    then: [
      [costBook, []],
      [aBook, FILLED],
    ],
  },
  {
    name: 'another book does not help until the contract names it',
    given: [anAccount, aContract],
    then: [
      [otherBook, []],
      [contractOnOther, FILLED],
      [aBook, []],
    ],
  },
  {
    name: 'the contract names another book, which arrives afterwards',
    given: [anAccount, aContract],
    then: [
      [contractOnOther, []],
      [aBook, []],
      [otherBook, FILLED],
    ],
  },
];

describe('a use in suspense is charged when', () => {
  test.each(rows)('$name', ({ given, then }) => {
    const scene = world();
    for (const arrive of given) arrive(scene);
    const [first] = chargesIn(scene.take('usage-events', use()));
    expect(first).toMatchObject({ status: 'suspense', amount: 0n, components: [], requestId: 'r-1' });
    for (const [arrive, wanted] of then) {
      expect(arrive(scene)).toEqual(wanted);
      scene.project();
    }
    const { suspendedUses, queues, slots } = scene.store.sizes();
    expect({ suspendedUses, slots }).toEqual({ suspendedUses: 0, slots: 0 });
    expect(queues).toBeLessThanOrEqual(2);
  });
});

describe('the charge that follows', () => {
  test('amends the first, keeps the time of the use, and is caused by what arrived', () => {
    const scene = world();
    scene.take('accounts', account());
    scene.take('contracts', contract());
    scene.take('usage-events', use());
    scene.appendAt(at('2026-06-01T08:00:00Z'));
    const [filled] = chargesIn(scene.take('price-books', book()));
    expect(filled).toMatchObject({
      chargeId: 'fill:r-1',
      amends: 'use:r-1',
      lineClass: 'usage',
      requestId: 'r-1',
      suspenseReason: null,
      priceBookVersion: 1,
      costCentre: 'cc-7',
      occurredAt: at('2026-03-10T12:00:00Z'),
      recordedAt: at('2026-06-01T08:00:00Z'),
      cause: { topic: 'price-books', partition: 0, offset: 0 },
    });
  });

  test('costs what it would have cost in time, markup and tokens included', () => {
    const tokens = { cacheReadTokens: 300, cacheWriteTokens: 200, reasoningTokens: 50, serviceTier: 'flex' };
    const prices = [
      price('openai', 'gpt-4o', {
        'input@flex': '0.000003',
        'output@flex': '0.00001',
        'cache_read@flex': '0.000001',
        'cache_write@flex': '0.000004',
        'reasoning@flex': '0.00002',
      }),
    ];
    const amounts = (['early', 'late'] as const).map((arrival) => {
      const scene = world();
      scene.take('accounts', account());
      scene.take('contracts', contract({ usageMarkup: usd('1.25') }));
      if (arrival === 'early') scene.take('price-books', book({ prices }));
      scene.take('usage-events', use(tokens));
      if (arrival === 'late') scene.take('price-books', book({ prices }));
      return formatAmount(chargesIn(scene.written).at(-1)?.amount ?? usd('0'));
    });
    expect(amounts).toEqual(['0.005125', '0.005125']);
  });

  test('comes once: later versions of anything change nothing that is rated', () => {
    const scene = world();
    scene.take('accounts', account());
    scene.take('contracts', contract());
    scene.take('usage-events', use());
    expect(scene.take('price-books', book())).toHaveLength(1);
    scene.take('usage-events', use({ requestId: 'r-2' }));
    expect(scene.take('price-books', book({ version: 2 }))).toEqual([]);
    expect(scene.take('contracts', contract({ version: 2, usageMarkup: usd('5') }))).toEqual([]);
    expect(scene.take('accounts', account({ version: 2 }))).toEqual([]);
  });

  test('concerns only uses that the arrival is about', () => {
    const scene = world();
    const other = parseAccountId('other');
    for (const accountId of [parseAccountId('acme'), other]) {
      scene.take('accounts', account({ accountId }));
      scene.take('usage-events', use({ accountId, requestId: `r-${accountId}` }));
    }
    scene.take('price-books', book());
    expect(brief(scene.take('contracts', contract({ accountId: other })))).toEqual([
      'fill:r-other usage_backfill rated 0.0035 USD',
    ]);
  });

  test('the same request id of two accounts is two uses', () => {
    const scene = world();
    const other = parseAccountId('other');
    for (const accountId of [parseAccountId('acme'), other]) {
      scene.take('accounts', account({ accountId }));
      scene.take('contracts', contract({ accountId }));
      scene.take('usage-events', use({ accountId }));
    }
    const filled = chargesIn(scene.take('price-books', book()));
    expect(filled.map(({ accountId }) => accountId)).toEqual(['acme', 'other']);
  });
});

describe('many uses in suspense', () => {
  test('are released a bounded number per input, the rest at the clock ticks, each once', () => {
    const scene = world();
    const count = 2 * RELEASES_PER_INPUT_MAX + 7;
    scene.take('accounts', account());
    scene.take('contracts', contract());
    for (let index = 0; index < count; index += 1) {
      scene.take('usage-events', use({ requestId: `r-${index}` }));
    }
    scene.project();
    expect(scene.take('price-books', book())).toHaveLength(RELEASES_PER_INPUT_MAX);
    scene.project();
    expect(scene.tick(at('2026-03-11'))).toHaveLength(RELEASES_PER_INPUT_MAX);
    expect(scene.tick(at('2026-03-12'))).toHaveLength(7);
    expect(scene.tick(at('2026-03-13'))).toHaveLength(0);
    const filled = chargesIn(scene.written).filter(({ kind }) => kind === 'usage_backfill');
    expect(new Set(filled.map(({ requestId }) => requestId)).size).toBe(count);
    scene.project();
    expect(scene.store.sizes()).toMatchObject({ suspendedUses: 0, slots: 0 });
  });

  test('a use that comes while a release is under way is rated at once', () => {
    const scene = world();
    scene.take('accounts', account());
    scene.take('contracts', contract());
    for (let index = 0; index <= RELEASES_PER_INPUT_MAX; index += 1) {
      scene.take('usage-events', use({ requestId: `r-${index}` }));
    }
    scene.take('price-books', book());
    expect(brief(scene.take('usage-events', use({ requestId: 'new' })))).toEqual([
      'use:new usage rated 0.0035 USD',
    ]);
    expect(scene.tick(at('2026-03-11'))).toHaveLength(1);
  });

  test('uses and outcomes that wait for the same contract are released together', () => {
    const scene = world();
    scene.take('accounts', account());
    scene.take('price-books', book({ prices: [PLAIN] }));
    scene.take('usage-events', use());
    expect(brief(scene.take('outcome-decisions', decision()))).toEqual([
      'refused contract_missing accountId',
    ]);
    expect(brief(scene.take('contracts', contract({ outcomePlan: MODE_A })))).toEqual([
      'fee:c-1:2026-01 base_fee rated 99 USD',
      'fill:r-1 usage_backfill rated 0.0035 USD',
      'out:d-1 outcome rated 0 USD',
    ]);
    scene.project();
    expect(scene.store.sizes()).toMatchObject({ suspendedUses: 0, heldOutcomes: 0 });
  });
});
