/** Versions of accounts and contracts: which is in force at a time, whatever order they arrived in. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Contract } from '../../../schemas/generated/contract.ts';
import type { RatingTerms } from '../../../schemas/generated/rating-terms.ts';
import { inForce, takeAccount, takeContract } from '../../../services/rating/terms.ts';
import { at, usd } from '../pricing/fixtures.ts';
import { account, contract, MODE_A } from './fixtures.ts';

function termsOf(contracts: readonly Contract[]): RatingTerms {
  let terms: RatingTerms = { accounts: [], contracts: [] };
  for (const value of contracts) {
    const receipt = takeContract(terms, value);
    if (receipt.kind === 'taken') terms = receipt.terms;
  }
  return terms;
}

const january = contract({ version: 1, effectiveAt: at('2026-01-01') });
const march = contract({ version: 2, effectiveAt: at('2026-03-01') });
const marchAgain = contract({ version: 3, effectiveAt: at('2026-03-01') });
const backdated = contract({ version: 4, effectiveAt: at('2026-02-01') });
const otherContract = contract({ contractId: 'c-2', version: 3, effectiveAt: at('2026-03-01') });

describe('the contract version in force', () => {
  const rows = [
    { name: 'none before the first', given: [january], time: '2025-12-31', then: null },
    { name: 'from its first instant on', given: [january], time: '2026-01-01', then: 'c-1@1' },
    {
      name: 'until the next begins',
      given: [january, march],
      time: '2026-02-28T23:59:59.999Z',
      then: 'c-1@1',
    },
    {
      name: 'the next from its first instant on',
      given: [january, march],
      time: '2026-03-01',
      then: 'c-1@2',
    },
    {
      name: 'at equal times the higher version',
      given: [marchAgain, march],
      time: '2026-03-01',
      then: 'c-1@3',
    },
    {
      name: 'the time comes before the version',
      given: [march, backdated],
      time: '2026-04-01',
      then: 'c-1@2',
    },
    {
      name: 'a backdated version in between',
      given: [january, march, backdated],
      time: '2026-02-02',
      then: 'c-1@4',
    },
    {
      name: 'of two contracts equal in both, the id decides',
      given: [otherContract, marchAgain],
      time: '2026-03-01',
      then: 'c-2@3',
    },
  ];
  test.each(rows)('$name', ({ given, time, then }) => {
    for (const order of [given, [...given].reverse()]) {
      const found = inForce(termsOf(order).contracts, at(time));
      expect(found === null ? null : `${found.contractId}@${found.version}`).toBe(then);
    }
  });

  test('no arrival order changes what is kept', () => {
    const all = [january, march, marchAgain, backdated, otherContract];
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (order) => {
        expect(termsOf(order)).toEqual(termsOf(all));
      }),
    );
  });
});

describe('what is kept of a version', () => {
  test('of an account: currency, time zone, status', () => {
    expect(takeAccount(undefined, account({ name: 'not needed' }))).toEqual({
      kind: 'taken',
      terms: {
        accounts: [
          { version: 1, effectiveAt: at('2026-01-01'), currency: 'USD', timeZone: 'UTC', status: 'active' },
        ],
        contracts: [],
      },
    });
  });

  test('of a contract: book, markup, outcome plan', () => {
    const receipt = takeContract(undefined, contract({ usageMarkup: usd('1.2'), outcomePlan: MODE_A }));
    expect(receipt).toEqual({
      kind: 'taken',
      terms: {
        accounts: [],
        contracts: [
          {
            contractId: 'c-1',
            version: 1,
            effectiveAt: at('2026-01-01'),
            priceBookId: 'list',
            usageMarkup: usd('1.2'),
            outcomePlan: MODE_A,
          },
        ],
      },
    });
  });

  test('a change that rating does not look at is no other content', () => {
    const terms = termsOf([contract()]);
    expect(takeContract(terms, contract({ billingMode: 'prepaid' }))).toEqual({ kind: 'known' });
    expect(takeContract(terms, contract({ overdraftLimit: usd('5') }))).toEqual({ kind: 'known' });
    expect(takeContract(terms, contract({ priceBookId: 'other' }))).toMatchObject({
      code: 'version_conflict',
    });
  });

  test('the terms given are not changed', () => {
    const terms = termsOf([january]);
    takeContract(terms, march);
    expect(terms).toEqual(termsOf([january]));
  });
});
