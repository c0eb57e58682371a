/** What a use costs us: one cost event each, from cost books only, kept in suspense where no book prices it. */
import { describe, expect, test } from 'vitest';
import { formatAmount } from '../../../schemas/amount.ts';
import type { CostEvent } from '../../../schemas/generated/cost-event.ts';
import type { PriceBook } from '../../../schemas/generated/price-book.ts';
import type { UsageEvent } from '../../../schemas/generated/usage-event.ts';
import { parseAccountId } from '../../../schemas/ids.ts';
import { costAttribution } from '../../../services/cost-attribution/processor.ts';
import { RELEASES_PER_INPUT_MAX } from '../../../services/pricing/suspense-release.ts';
import type { Output, RefusalOutput } from '../../../topology/processor.ts';
import { scenario } from '../../support/scenario.ts';
import { at, book, price, usd } from '../pricing/fixtures.ts';
import { use } from '../rating/fixtures.ts';

const world = () => scenario(costAttribution);
const costBook = (changes: Partial<PriceBook> = {}) =>
  book({ purpose: 'cost', priceBookId: 'litellm', ...changes });

function eventsIn(answers: readonly (Output | RefusalOutput)[]): readonly CostEvent[] {
  return answers.flatMap((answer) => (answer.topic === 'cost-events' ? [answer.value] : []));
}

/** `cost:r-1 priced 0.0035 USD litellm@1`, or `refused price_missing model`. */
function brief(answers: readonly (Output | RefusalOutput)[]): readonly string[] {
  return answers.map((answer) => {
    if (answer.topic === 'rejected') return `refused ${answer.code} ${answer.field ?? '-'}`;
    if (answer.topic !== 'cost-events') return answer.topic;
    const { costEventId, costStatus, amount, currency, priceBookId, priceBookVersion } = answer.value;
    const source = priceBookId === null ? '' : ` ${priceBookId}@${priceBookVersion}`;
    return `${costEventId} ${costStatus} ${formatAmount(amount)} ${currency}${source}`;
  });
}

const PRICED = ['cost:r-1 priced 0.0035 USD litellm@1'];
const MISSING = (field: string) => ['cost:r-1 suspense 0 XXX', `refused price_missing ${field}`];
const other = price('openai', 'other', { input: '1' });
const cached = price('openai', 'gpt-4o', {
  input: '0.000003',
  cache_read: '0.0000003',
  'input>200000': '0.000006',
  'cache_read>200000': '0.000001',
  output: '0',
});

interface Row {
  readonly name: string;
  readonly books: readonly PriceBook[];
  readonly when: UsageEvent;
  readonly then: readonly string[];
  readonly saved?: string;
}

const rows: readonly Row[] = [
  { name: 'a book prices it', books: [costBook()], when: use(), then: PRICED },
  {
    name: 'a failed call costs what it used',
    books: [costBook()],
    when: use({ status: 'error', errorCode: 'overloaded' }),
    then: PRICED,
  },
  { name: 'no book', books: [], when: use(), then: MISSING('model') },
  { name: 'a customer book is no source of costs', books: [book()], when: use(), then: MISSING('model') },
  { name: 'another model', books: [costBook({ prices: [other] })], when: use(), then: MISSING('model') },
  {
    name: 'a tier that is not sold',
    books: [costBook()],
    when: use({ serviceTier: 'flex' }),
    then: MISSING('serviceTier'),
  },
  {
    name: 'a class without a price',
    books: [costBook({ prices: [price('openai', 'gpt-4o', { input: '1' })] })],
    when: use(),
    then: MISSING('outputTokens'),
  },
  {
    name: 'the refusal names what the nearest book lacks',
    books: [costBook({ version: 9, prices: [other] }), costBook({ priceBookId: 'own' })],
    when: use({ serviceTier: 'flex' }),
    then: MISSING('serviceTier'),
  },
  {
    name: 'a use without tokens of a priced model costs nothing',
    books: [costBook()],
    when: use({ kind: 'tool', inputTokens: 0, outputTokens: 0 }),
    then: ['cost:r-1 priced 0 USD litellm@1'],
  },
  {
    name: 'a use without tokens of an unpriced tool waits for a price',
    books: [costBook()],
    when: use({ kind: 'tool', model: 'browser', inputTokens: 0, outputTokens: 0 }),
    then: MISSING('model'),
  },
  {
    name: 'the version in force when the use occurred',
    books: [costBook(), costBook({ version: 2, effectiveAt: at('2026-03-11'), prices: [other] })],
    when: use(),
    then: PRICED,
  },
  {
    name: 'of two books the one with the higher version in force',
    books: [costBook({ priceBookId: 'old', version: 3 }), costBook({ priceBookId: 'new', version: 4 })],
    when: use(),
    then: ['cost:r-1 priced 0.0035 USD new@4'],
  },
  {
    name: 'of two books with equal versions the one whose id comes first',
    books: [costBook({ priceBookId: 'b' }), costBook({ priceBookId: 'a' })],
    when: use(),
    then: ['cost:r-1 priced 0.0035 USD a@1'],
  },
  {
    name: 'a book further back where the first lacks the model',
    books: [costBook({ version: 9, prices: [other] }), costBook({ priceBookId: 'own', currency: 'EUR' })],
    when: use(),
    then: ['cost:r-1 priced 0.0035 EUR own@1'],
  },
  {
    name: 'savings by cached tokens',
    books: [costBook({ prices: [cached] })],
    when: use({ cacheReadTokens: 400 }),
    then: ['cost:r-1 priced 0.00192 USD litellm@1'],
    saved: '0.00108',
  },
  {
    name: 'savings at the prices above a size',
    books: [costBook({ prices: [cached] })],
    when: use({ inputTokens: 200_001, cacheReadTokens: 200_000 }),
    then: ['cost:r-1 priced 0.200006 USD litellm@1'],
    saved: '1',
  },
  {
    name: 'no savings where cached tokens are billed as input',
    books: [costBook()],
    when: use({ cacheReadTokens: 400 }),
    then: PRICED,
    saved: '0',
  },
];

describe('the cost of a use', () => {
  test.each(rows)('$name', ({ books, when, then, saved }) => {
    const { take } = world();
    for (const value of books) take('price-books', value);
    const answers = take('usage-events', when);
    expect(brief(answers)).toEqual(then);
    if (saved !== undefined)
      expect(formatAmount(eventsIn(answers)[0]?.cacheSavings ?? usd('-1'))).toBe(saved);
  });

  test('the event holds the whole use, the components and where the price came from', () => {
    const given = world();
    given.take('price-books', costBook({ version: 6 }));
    given.appendAt(at('2026-03-10T12:00:03Z'));
    const sent = use({ sourceId: 's', sourceSequence: 4, sentAt: at('2026-03-10T12:00:02Z') });
    const { backfill: _backfill, ...measured } = sent;
    expect(eventsIn(given.take('usage-events', sent))).toEqual([
      {
        ...measured,
        recordedAt: at('2026-03-10T12:00:03Z'),
        costEventId: 'cost:r-1',
        amends: null,
        costStatus: 'priced',
        suspenseReason: null,
        components: [
          { tokenClass: 'input', quantity: 1_000, unitPrice: usd('0.0000025'), amount: usd('0.0025') },
          { tokenClass: 'output', quantity: 100, unitPrice: usd('0.00001'), amount: usd('0.001') },
        ],
        amount: usd('0.0035'),
        currency: 'USD',
        cacheSavings: usd('0'),
        priceBookId: 'litellm',
        priceBookVersion: 6,
        allocationMethod: 'direct',
        cause: { topic: 'usage-events', partition: 0, offset: 0 },
      },
    ]);
  });

  test('a priced use leaves no state behind', () => {
    const given = world();
    given.take('price-books', costBook());
    given.project();
    given.take('usage-events', use());
    expect(given.store.changes()).toEqual([]);
  });

  test('a part of a book that is not acceptable is refused with book and version', () => {
    const { take } = world();
    take('price-books', costBook());
    expect(take('price-books', costBook())).toEqual([]);
    expect(take('price-books', costBook({ prices: [] }))).toMatchObject([
      { topic: 'rejected', code: 'version_conflict', recordId: 'litellm@1', accountId: null },
    ]);
  });
});

const FILLED = ['cost-fill:r-1 priced 0.0035 USD litellm@1'];

describe('a use in suspense is costed when', () => {
  const arrivals: readonly {
    readonly name: string;
    readonly books: readonly (readonly [PriceBook, readonly string[]])[];
  }[] = [
    { name: 'a book arrives', books: [[costBook(), FILLED]] },
    {
      name: 'a book with its model arrives after one without',
      books: [
        [costBook({ prices: [other] }), []],
        [costBook({ version: 2 }), ['cost-fill:r-1 priced 0.0035 USD litellm@2']],
      ],
    },
    {
      name: 'a book with its tier arrives after one without',
      books: [
        [costBook({ prices: [price('openai', 'gpt-4o', { 'input@batch': '1' })] }), []],
        [costBook({ priceBookId: 'own' }), ['cost-fill:r-1 priced 0.0035 USD own@1']],
      ],
    },
    {
      name: 'the last part of a book arrives',
      books: [
        [costBook({ parts: 2 }), []],
        [costBook({ part: 2, parts: 2, prices: [other] }), FILLED],
      ],
    },
    {
      name: 'a book in force at its time arrives, not one of later',
      books: [
        [costBook({ version: 2, effectiveAt: at('2026-04-01') }), []],
        [costBook(), FILLED],
      ],
    },
    {
      name: 'a book for costs arrives, not one for customers',
      books: [
        [book(), []],
        [costBook(), FILLED],
      ],
    },
    {
      name: 'its price arrives, and never again',
      books: [
        [costBook(), FILLED],
        [costBook({ version: 2 }), []],
      ],
    },
  ];
  test.each(arrivals)('$name', ({ books }) => {
    const scene = world();
    expect(brief(scene.take('usage-events', use()))).toEqual(MISSING('model'));
    for (const [value, then] of books) {
      scene.project();
      expect(brief(scene.take('price-books', value))).toEqual(then);
    }
    scene.project();
    expect(scene.store.sizes()).toMatchObject({ suspended: 0, queues: 0, slots: 0 });
  });

  test('the event that follows amends the first and keeps the times of the use', () => {
    const scene = world();
    scene.appendAt(at('2026-03-10T12:00:03Z'));
    const [first] = eventsIn(scene.take('usage-events', use()));
    scene.appendAt(at('2026-07-01'));
    const [second] = eventsIn(scene.take('price-books', costBook()));
    expect(second).toEqual({
      ...first,
      costEventId: 'cost-fill:r-1',
      amends: 'cost:r-1',
      costStatus: 'priced',
      suspenseReason: null,
      components: second?.components,
      amount: usd('0.0035'),
      currency: 'USD',
      priceBookId: 'litellm',
      priceBookVersion: 1,
      cause: { topic: 'price-books', partition: 0, offset: 0 },
    });
    expect(second?.recordedAt).toBe(at('2026-03-10T12:00:03Z'));
  });

  test('many are released a bounded number per input, the rest at the clock ticks, each once', () => {
    const scene = world();
    const count = RELEASES_PER_INPUT_MAX + 3;
    for (let index = 0; index < count; index += 1) {
      const accountId = parseAccountId(index % 2 === 0 ? 'even' : 'odd');
      scene.take('usage-events', use({ accountId, requestId: `r-${index >> 1}` }));
    }
    scene.project();
    expect(scene.take('price-books', costBook())).toHaveLength(RELEASES_PER_INPUT_MAX);
    scene.project();
    expect(scene.tick(at('2026-03-11'))).toHaveLength(3);
    expect(scene.tick(at('2026-03-12'))).toHaveLength(0);
    const filled = eventsIn(scene.written).filter(({ amends }) => amends !== null);
    expect(new Set(filled.map(({ accountId, requestId }) => `${accountId}/${requestId}`)).size).toBe(count);
    scene.project();
    expect(scene.store.sizes()).toMatchObject({ suspended: 0, queues: 0, slots: 0 });
  });
});
