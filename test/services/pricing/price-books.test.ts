/** Price books: parts, versions, which one is in force, and under which name a model is found. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PriceBook } from '../../../schemas/generated/price-book.ts';
import type { PriceBookIndex } from '../../../schemas/generated/price-book-index.ts';
import { type BookTables, INDEX_KEY, partKey } from '../../../services/pricing/book-tables.ts';
import { PRICE_BOOK_LIMITS, type Receipt, receivePart } from '../../../services/pricing/price-book-index.ts';
import {
  bookInForce,
  booksInForce,
  isIncomplete,
  modelIn,
  namesIn,
} from '../../../services/pricing/price-books.ts';
import { at, book, PLAIN, price, rate, usd } from './fixtures.ts';

class Shelf implements BookTables {
  readonly bookIndex = new Map<string, PriceBookIndex>();
  readonly bookParts = new Map<string, PriceBook>();

  constructor(books: readonly PriceBook[] = []) {
    for (const part of books) this.take(part);
  }

  take(part: PriceBook): Receipt {
    const receipt = receivePart(this, part);
    if (receipt.kind === 'taken') {
      this.bookIndex.set(INDEX_KEY, receipt.index);
      this.bookParts.set(partKey(part, part.part), part);
    }
    return receipt;
  }
}

const customer = { purpose: 'customer', priceBookId: 'list' } as const;

function versionAt(books: readonly PriceBook[], time: string): number | null {
  return bookInForce(new Shelf(books), customer, at(time))?.version ?? null;
}

describe('which version is in force', () => {
  const january = book({ version: 1, effectiveAt: at('2026-01-01') });
  const march = book({ version: 2, effectiveAt: at('2026-03-01') });
  const marchAgain = book({ version: 3, effectiveAt: at('2026-03-01') });
  const backdated = book({ version: 4, effectiveAt: at('2026-02-01') });
  const half = book({ version: 5, effectiveAt: at('2026-03-15'), part: 1, parts: 2 });
  const rest = book({ version: 5, effectiveAt: at('2026-03-15'), part: 2, parts: 2 });
  const cost = book({ version: 9, purpose: 'cost', effectiveAt: at('2026-03-01') });
  const rows = [
    { name: 'none before the first', books: [january], time: '2025-12-31T23:59:59.999Z', version: null },
    { name: 'from its effective time on', books: [january], time: '2026-01-01T00:00:00Z', version: 1 },
    { name: 'the later effective time wins', books: [january, march], time: '2026-03-01', version: 2 },
    { name: 'the earlier one holds until then', books: [january, march], time: '2026-02-28', version: 1 },
    {
      name: 'at equal effective time the version',
      books: [march, marchAgain],
      time: '2026-04-01',
      version: 3,
    },
    { name: 'whatever arrived first', books: [marchAgain, march, january], time: '2026-04-01', version: 3 },
    { name: 'not the version number alone', books: [march, backdated], time: '2026-04-01', version: 2 },
    { name: 'a backdated version in between', books: [march, backdated], time: '2026-02-10', version: 4 },
    { name: 'a version with parts missing is not', books: [march, half], time: '2026-04-01', version: 2 },
    { name: 'a version with all parts is', books: [march, rest, half], time: '2026-04-01', version: 5 },
    { name: 'another purpose is another book', books: [january, cost], time: '2026-04-01', version: 1 },
  ];
  test.each(rows)('$name', ({ books, time, version }) => {
    expect(versionAt(books, time)).toBe(version);
  });

  test('no arrival order changes the answer', () => {
    const all = [january, march, marchAgain, backdated, half, rest];
    fc.assert(
      fc.property(
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.constantFrom('2026-01-10', '2026-02-10', '2026-03-10', '2026-03-20'),
        (books, time) => {
          expect(versionAt(books, time)).toBe(versionAt(all, time));
        },
      ),
    );
  });

  test('an incomplete version is known to be one, from its effective time on', () => {
    const shelf = new Shelf([half]);
    expect(isIncomplete(shelf, 'list', at('2026-03-15'))).toBe(true);
    expect(isIncomplete(shelf, 'list', at('2026-03-14'))).toBe(false);
    expect(isIncomplete(shelf, 'other', at('2026-03-15'))).toBe(false);
    expect(isIncomplete(new Shelf([half, rest]), 'list', at('2026-03-15'))).toBe(false);
  });

  test('several books of a purpose come highest version first, then by id', () => {
    const shelf = new Shelf([
      book({ purpose: 'cost', priceBookId: 'c', version: 1 }),
      book({ purpose: 'cost', priceBookId: 'b', version: 7, effectiveAt: at('2027-01-01') }),
      book({ purpose: 'cost', priceBookId: 'b', version: 2 }),
      book({ purpose: 'cost', priceBookId: 'a', version: 2 }),
      book({ purpose: 'customer', priceBookId: 'd', version: 9 }),
    ]);
    const found = booksInForce(shelf, 'cost', at('2026-06-01'));
    expect(found.map(({ priceBookId, version }) => `${priceBookId}@${version}`)).toEqual([
      'a@2',
      'b@2',
      'c@1',
    ]);
    expect(booksInForce(new Shelf(), 'cost', at('2026-06-01'))).toEqual([]);
  });
});

describe('the name of a model', () => {
  const prices = [
    price('openai', 'gpt-4o', { input: '1' }),
    price('azure', 'azure/gpt-4o', { input: '2' }),
    price('azure', 'azure/eu/gpt-4o', { input: '3' }),
    price('xai', 'xai/grok-4', { input: '4' }),
    price('first', 'shared', { input: '5' }),
    price('second', 'shared', { input: '6' }),
    price('third', 'twice', { input: '7' }),
    price('third', 'twice', { input: '8' }),
  ];
  const rows = [
    { provider: 'openai', model: 'gpt-4o', unit: '1' },
    { provider: 'azure', model: 'gpt-4o', unit: '2' },
    { provider: 'azure/eu', model: 'gpt-4o', unit: '3' },
    { provider: 'azure', model: 'eu/gpt-4o', unit: '3' },
    { provider: 'proxy', model: 'gpt-4o', unit: '1' },
    { provider: 'proxy', model: 'azure/gpt-4o', unit: '2' },
    { provider: 'xai', model: 'grok-4', unit: '4' },
    { provider: 'xai', model: 'xai/grok-4', unit: '4' },
    { provider: 'proxy', model: 'grok-4', unit: null },
    { provider: 'first', model: 'shared', unit: '5' },
    { provider: 'second', model: 'shared', unit: '6' },
    { provider: 'proxy', model: 'shared', unit: null },
    { provider: 'third', model: 'twice', unit: null },
    { provider: 'openai', model: 'gpt-5', unit: null },
    { provider: '', model: '', unit: null },
  ];
  const shelf = new Shelf([book({ prices })]);
  const version = bookInForce(shelf, customer, at('2026-06-01'));
  test.each(rows)('$provider and $model cost $unit', ({ provider, model, unit }) => {
    expect(version).not.toBeNull();
    if (version === null) return;
    for (let repeat = 0; repeat < 2; repeat += 1) {
      const found = modelIn(shelf, version, { provider, model });
      expect(found?.get('standard')?.[0]?.rates.input ?? null).toBe(unit === null ? null : usd(unit));
    }
  });

  test('all parts of a version are looked through', () => {
    const parts = new Shelf([
      book({ part: 2, parts: 2, prices: [price('b', 'two', { input: '2' })] }),
      book({ part: 1, parts: 2, prices: [price('a', 'one', { input: '1' })] }),
    ]);
    const found = bookInForce(parts, customer, at('2026-06-01'));
    expect(found).not.toBeNull();
    if (found === null) return;
    expect(modelIn(parts, found, { provider: 'a', model: 'one' })).not.toBeNull();
    expect(modelIn(parts, found, { provider: 'b', model: 'two' })).not.toBeNull();
  });

  test('a lost part is a broken invariant, not a missing price', () => {
    const broken = new Shelf([book()]);
    const found = bookInForce(broken, customer, at('2026-06-01'));
    broken.bookParts.clear();
    expect(() => found && modelIn(broken, found, { provider: 'a', model: 'one' })).toThrow('lost part 1');
  });

  test('the names to release are every name under which a use may have asked', () => {
    expect(version === null ? [] : [...namesIn(shelf, version)].sort()).toEqual([
      'azure/eu/gpt-4o',
      'azure/gpt-4o',
      'eu/gpt-4o',
      'first/shared',
      'gpt-4o',
      'grok-4',
      'openai/gpt-4o',
      'second/shared',
      'shared',
      'third/twice',
      'twice',
      'xai/grok-4',
    ]);
  });

  test('a sender who makes up provider names cannot fill the memory', () => {
    expect(version).not.toBeNull();
    if (version === null) return;
    for (let index = 0; index < 20_001; index += 1) {
      modelIn(shelf, version, { provider: `made-up-${index}`, model: 'gpt-4o' });
    }
    expect(modelIn(shelf, version, { provider: 'openai', model: 'gpt-4o' })).not.toBeNull();
  });
});

describe('taking a part', () => {
  const two = { part: 1, parts: 2 };
  const rows: readonly {
    readonly name: string;
    readonly given: readonly PriceBook[];
    readonly when: PriceBook;
    readonly then: string;
  }[] = [
    { name: 'the only part completes', given: [], when: book(), then: 'taken, complete' },
    { name: 'parts may count from zero', given: [], when: book({ part: 0 }), then: 'taken, complete' },
    { name: 'the first of two does not complete', given: [], when: book(two), then: 'taken, incomplete' },
    {
      name: 'the second of two completes',
      given: [book(two)],
      when: book({ part: 2, parts: 2 }),
      then: 'taken, complete',
    },
    { name: 'the same part again', given: [book()], when: book(), then: 'known' },
    {
      name: 'the same part with another price',
      given: [book()],
      when: book({ prices: [] }),
      then: 'version_conflict prices',
    },
    {
      name: 'a part in another currency',
      given: [book(two)],
      when: book({ part: 2, parts: 2, currency: 'EUR' }),
      then: 'version_conflict currency',
    },
    {
      name: 'a part with another effective time',
      given: [book(two)],
      when: book({ part: 2, parts: 2, effectiveAt: at('2026-05-01') }),
      then: 'version_conflict effectiveAt',
    },
    {
      name: 'a part with another purpose',
      given: [book(two)],
      when: book({ part: 2, parts: 2, purpose: 'cost' }),
      then: 'version_conflict purpose',
    },
    {
      name: 'a part that counts the parts differently',
      given: [book(two)],
      when: book({ part: 2, parts: 3 }),
      then: 'version_conflict parts',
    },
    {
      name: 'one part too many',
      given: [book({ part: 0, parts: 1 })],
      when: book({ part: 1, parts: 1 }),
      then: 'version_conflict part',
    },
    { name: 'an unknown purpose', given: [], when: book({ purpose: 'x' }), then: 'invalid_value purpose' },
    {
      name: 'no such currency',
      given: [],
      when: book({ currency: 'ABC' }),
      then: 'unknown_currency currency',
    },
    { name: 'no parts', given: [], when: book({ parts: 0 }), then: 'invalid_value parts' },
    { name: 'too many parts', given: [], when: book({ parts: 1_001 }), then: 'invalid_value parts' },
    { name: 'a part beyond the last', given: [], when: book({ part: 2 }), then: 'invalid_value part' },
    { name: 'a negative part', given: [], when: book({ part: -1 }), then: 'invalid_value part' },
    {
      name: 'a class that does not exist',
      given: [],
      when: book({ prices: [{ ...PLAIN, rates: [{ ...rate('input', '1'), tokenClass: 'audio' }] }] }),
      then: 'invalid_value tokenClass',
    },
    {
      name: 'a negative price',
      given: [],
      when: book({ prices: [{ ...PLAIN, rates: [rate('input', '-0.1')] }] }),
      then: 'invalid_value pricePerToken',
    },
    {
      name: 'a price that would leave 38 digits',
      given: [],
      when: book({ prices: [{ ...PLAIN, rates: [rate('input', '10000.1')] }] }),
      then: 'invalid_value pricePerToken',
    },
    {
      name: 'a negative size',
      given: [],
      when: book({ prices: [{ ...PLAIN, rates: [{ ...rate('input', '1'), abovePromptTokens: -1 }] }] }),
      then: 'invalid_value abovePromptTokens',
    },
  ];
  test.each(rows)('$name: $then', ({ given, when, then }) => {
    const receipt = new Shelf(given).take(when);
    if (receipt.kind === 'known') expect('known').toBe(then);
    else if (receipt.kind === 'refused') expect(`${receipt.code} ${receipt.field}`).toBe(then);
    else expect(`taken, ${receipt.completed === null ? 'incomplete' : 'complete'}`).toBe(then);
  });

  test('the number of versions is limited, further parts of a known one are not', () => {
    const versions = Array.from({ length: PRICE_BOOK_LIMITS.versionsMax }, (_, index) => ({
      priceBookId: 'list',
      version: index,
      purpose: 'customer',
      currency: 'USD',
      effectiveAt: at('2026-01-01'),
      parts: 2,
      read: [1],
    }));
    const shelf = new Shelf();
    shelf.bookIndex.set(INDEX_KEY, { versions });
    expect(shelf.take(book({ version: 5_000 })).kind).toBe('refused');
    expect(shelf.take(book({ version: 7, part: 2, parts: 2 })).kind).toBe('taken');
  });
});
