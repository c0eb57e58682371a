/** Mode A outcomes: what one more adds, what displaces what, what is not counted, what waits (R1, O5). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Amount, formatAmount, ZERO } from '../../../schemas/amount.ts';
import { addAmounts } from '../../../schemas/amount-arithmetic.ts';
import type { OutcomePlan } from '../../../schemas/generated/contract.ts';
import type { OutcomeDecision } from '../../../schemas/generated/outcome-decision.ts';
import type { OutcomeCount } from '../../../schemas/generated/rating-outcome-counts.ts';
import { addedComponents, countMore, owedFor } from '../../../services/rating/outcome-charge.ts';
import { at, usd } from '../pricing/fixtures.ts';
import { brief, chargesIn, componentsOf, datesOf, totals, world } from './answers.ts';
import { account, contract, decision, MODE_A } from './fixtures.ts';

const SMALL: OutcomePlan = { ...MODE_A, includedOutcomes: 2 };

function counted(types: readonly string[]): readonly OutcomeCount[] {
  return types.reduce<readonly OutcomeCount[]>((counts, type) => countMore(counts, type), []);
}

const T = 'ticket_resolved';
const L = 'lead_generated';
const D = 'document_translated';

describe('what a set of outcomes owes', () => {
  const rows = [
    { name: 'nothing', plan: SMALL, types: [], owed: '0' },
    { name: 'as many as are included', plan: SMALL, types: [T, L], owed: '0' },
    { name: 'one more of the same type', plan: SMALL, types: [T, T, T], owed: '2' },
    { name: 'the dearest are the included ones', plan: SMALL, types: [D, T, L], owed: '0.08' },
    { name: 'three leads and a document', plan: SMALL, types: [L, L, L, D], owed: '4.08' },
    { name: 'no allowance', plan: { ...SMALL, includedOutcomes: 0 }, types: [T, L, D], owed: '6.08' },
    {
      name: 'a factor of 1 is the full price',
      plan: { ...SMALL, includedOutcomes: 0, overageFactor: usd('1') },
      types: [T],
      owed: '2.5',
    },
    {
      name: 'a factor of 0 owes nothing',
      plan: { ...SMALL, includedOutcomes: 0, overageFactor: usd('0') },
      types: [T, L],
      owed: '0',
    },
    {
      name: 'the factor rounds the unit price at the twelfth decimal, half to even',
      plan: {
        ...SMALL,
        includedOutcomes: 0,
        overageFactor: usd('0.5'),
        prices: [{ outcomeType: T, price: usd('0.000000000003'), baseRate: usd('0') }],
      },
      types: [T, T],
      owed: '0.000000000004',
    },
  ];
  test.each(rows)('$name', ({ plan, types, owed }) => {
    expect(formatAmount(owedFor(plan, counted(types)))).toBe(owed);
  });
});

describe('what one more outcome adds', () => {
  const rows = [
    { name: 'inside the allowance', before: [T], type: L, adds: [[L, '0']] },
    { name: 'beyond it, as cheap as any', before: [T, L], type: D, adds: [[D, '0.08']] },
    { name: 'beyond it, the same type', before: [T, T], type: T, adds: [[T, '2']] },
    {
      name: 'a dear one takes the place of a cheap one, which becomes payable',
      before: [D, D],
      type: L,
      adds: [
        [L, '0'],
        [D, '0.08'],
      ],
    },
    {
      name: 'the cheapest of the included is displaced',
      before: [L, T],
      type: L,
      adds: [
        [L, '0'],
        [T, '2'],
      ],
    },
    { name: 'a cheap one displaces nobody', before: [L, L, T], type: T, adds: [[T, '2']] },
  ];
  test.each(rows)('$name', ({ before, type, adds }) => {
    const components = addedComponents(SMALL, counted(before), type);
    expect(components.map(({ item, amount }) => [item, formatAmount(amount)])).toEqual(adds);
    for (const { quantity, unitPrice, amount } of components) {
      expect([quantity, unitPrice]).toEqual([1, amount]);
    }
  });

  test('two types at one price displace each other in the order of their names, in whatever order the plan is', () => {
    const prices = ['b', 'a'].map((outcomeType) => ({ outcomeType, price: usd('1'), baseRate: usd('0') }));
    for (const ordered of [prices, [...prices].reverse()]) {
      const plan = { ...SMALL, includedOutcomes: 1, prices: ordered };
      const items = addedComponents(plan, counted(['b']), 'a').map(({ item }) => item);
      expect(items).toEqual(['a', 'b']);
    }
  });

  test('is never negative, and the sum is what the set owes, in every order', () => {
    const plan = fc.record({
      baseFee: fc.constant(ZERO),
      includedOutcomes: fc.nat(6),
      overageFactor: fc.constantFrom('0', '0.8', '1', '1.5', '0.333333333333').map(usd),
      prices: fc
        .tuple(...[T, L, D].map(() => fc.constantFrom('0', '0.10', '2.50', '5.00', '0.000000000001')))
        .map((prices) =>
          [T, L, D].map((outcomeType, index) => ({
            outcomeType,
            price: usd(prices[index] ?? '0'),
            baseRate: usd('0'),
          })),
        ),
    });
    fc.assert(
      fc.property(
        plan,
        fc.array(fc.constantFrom(T, L, D), { maxLength: 12 }),
        fc.nat(),
        (terms, types, turn) => {
          const at = types.length === 0 ? 0 : turn % types.length;
          for (const order of [types, [...types].reverse(), [...types.slice(at), ...types.slice(0, at)]]) {
            let sum: Amount = ZERO;
            let counts: readonly OutcomeCount[] = [];
            for (const type of order) {
              for (const { amount } of addedComponents(terms, counts, type)) {
                expect(amount >= 0n).toBe(true);
                sum = addAmounts(sum, amount);
              }
              counts = countMore(counts, type);
            }
            expect(formatAmount(sum)).toBe(formatAmount(owedFor(terms, counted(types))));
          }
        },
      ),
    );
  });
});

interface Row {
  readonly name: string;
  readonly when: Partial<OutcomeDecision>;
  readonly then: readonly string[];
}

describe('a decision', () => {
  const rows: readonly Row[] = [
    { name: 'verified and billable', when: {}, then: ['out:d-1 outcome rated 0 USD'] },
    { name: 'not billable is no charge', when: { billable: false, bucket: 'reject' }, then: [] },
    { name: 'not billable of no known basis', when: { billable: false, basis: '?' }, then: [] },
    {
      name: 'fallback costs the base rate',
      when: { basis: 'fallback' },
      then: ['out:d-1 outcome_fallback rated 0.5 USD'],
    },
    { name: 'fallback that is not billable', when: { basis: 'fallback', billable: false }, then: [] },
    { name: 'billable of no known basis', when: { basis: 'guess' }, then: ['refused invalid_value basis'] },
    {
      name: 'a type that the contract does not price',
      when: { outcomeType: 'song_written' },
      then: ['refused outcome_unknown outcomeType'],
    },
    {
      name: 'a fallback of a type that the contract does not price',
      when: { outcomeType: 'song_written', basis: 'fallback' },
      then: ['refused outcome_unknown outcomeType'],
    },
    {
      name: 'claimed before the contract',
      when: { claimedAt: at('2025-12-31T23:59:59Z') },
      then: ['refused account_unknown accountId'],
    },
  ];
  test.each(rows)('$name', ({ when, then }) => {
    const { take } = world();
    take('accounts', account());
    take('contracts', contract({ outcomePlan: SMALL }));
    expect(brief(take('outcome-decisions', decision(when)))).toEqual(then);
  });

  test('says who, when and by which terms', () => {
    const { take } = world();
    take('accounts', account());
    take('contracts', contract({ version: 3, outcomePlan: { ...MODE_A, includedOutcomes: 0 } }));
    expect(chargesIn(take('outcome-decisions', decision()))).toMatchObject([
      {
        accountId: 'acme',
        lineClass: 'outcome',
        decisionId: 'd-1',
        requestId: null,
        amends: null,
        contractId: 'c-1',
        contractVersion: 3,
        projectId: 'p-1',
        costCentre: 'cc-7',
        occurredAt: at('2026-03-10T12:00:00Z'),
        cause: { topic: 'outcome-decisions', partition: 0, offset: 0 },
      },
    ]);
  });

  test('by fallback takes nothing from the allowance', () => {
    const { take } = world();
    take('accounts', account());
    take('contracts', contract({ outcomePlan: { ...MODE_A, includedOutcomes: 1 } }));
    take('outcome-decisions', decision({ basis: 'fallback' }));
    expect(brief(take('outcome-decisions', decision({ decisionId: 'd-2' })))).toEqual([
      'out:d-2 outcome rated 0 USD',
    ]);
    expect(brief(take('outcome-decisions', decision({ decisionId: 'd-3' })))).toEqual([
      'out:d-3 outcome rated 2 USD',
    ]);
  });

  test('that displaces a cheaper one says so in two lines', () => {
    const { take } = world();
    take('accounts', account());
    take('contracts', contract({ outcomePlan: { ...MODE_A, includedOutcomes: 1 } }));
    take('outcome-decisions', decision({ outcomeType: D }));
    const answers = take('outcome-decisions', decision({ decisionId: 'd-2', outcomeType: L }));
    expect(componentsOf(answers)).toEqual([`${L} 1 x 0 = 0`, `${D} 1 x 0.08 = 0.08`]);
  });
});

describe('the allowance', () => {
  const plan = { ...MODE_A, includedOutcomes: 1 };
  const times = [
    { zone: 'UTC', first: '2026-03-31T23:59:59.999Z', second: '2026-04-01T00:00:00Z', owed: {} },
    {
      zone: 'UTC',
      first: '2026-03-01T00:00:00Z',
      second: '2026-03-31T23:59:59.999Z',
      owed: { USD: '2000000000000' },
    },
    { zone: 'Asia/Shanghai', first: '2026-03-31T15:59:59.999Z', second: '2026-03-31T16:00:00Z', owed: {} },
    {
      zone: 'Asia/Shanghai',
      first: '2026-03-31T16:00:00Z',
      second: '2026-04-01T08:00:00Z',
      owed: { USD: '2000000000000' },
    },
  ];
  test.each(times)('is one per month in $zone: $first and $second', ({ zone, first, second, owed }) => {
    const { take, written } = world();
    take('accounts', account({ timeZone: zone }));
    take('contracts', contract({ outcomePlan: { ...plan, baseFee: usd('0') } }));
    take('outcome-decisions', decision({ claimedAt: at(first) }));
    take('outcome-decisions', decision({ decisionId: 'd-2', claimedAt: at(second) }));
    expect(totals(written)).toEqual(owed);
  });

  test('is one per contract version within a month', () => {
    const { take } = world();
    take('accounts', account());
    take('contracts', contract({ outcomePlan: plan }));
    take('contracts', contract({ version: 2, effectiveAt: at('2026-03-15'), outcomePlan: plan }));
    const early = at('2026-03-10');
    const late = at('2026-03-20');
    const amounts = [early, late, late, early].map((claimedAt, index) => {
      const [charge] = chargesIn(
        take('outcome-decisions', decision({ decisionId: `d-${index}`, claimedAt })),
      );
      return `${charge?.contractVersion} ${formatAmount(charge?.amount ?? usd('-1'))}`;
    });
    expect(amounts).toEqual(['1 0', '2 0', '2 2', '1 2']);
  });
});

describe('an outcome that nothing prices is held until', () => {
  const song = { outcomeType: 'song_written', price: usd('7'), baseRate: usd('3') };
  const withSong = { ...MODE_A, includedOutcomes: 0, prices: [...MODE_A.prices, song] };

  test('a contract version with its price arrives', () => {
    const { take } = world();
    take('accounts', account());
    take('contracts', contract({ outcomePlan: MODE_A }));
    take('outcome-decisions', decision({ outcomeType: 'song_written' }));
    expect(
      take('contracts', contract({ version: 2, effectiveAt: at('2026-05-01'), outcomePlan: withSong })),
    ).toEqual([]);
    const answers = take('contracts', contract({ version: 3, outcomePlan: withSong }));
    expect(brief(answers)).toEqual(['out:d-1 outcome rated 5.6 USD']);
    expect(datesOf(answers)).toEqual(['out:d-1 2026-03-10T12:00:00.000Z']);
    expect(take('contracts', contract({ version: 4, outcomePlan: withSong }))).toEqual([]);
  });

  test('the account arrives, and then several count one after the other', () => {
    const { take, store } = world();
    take('contracts', contract({ outcomePlan: { ...SMALL, baseFee: usd('0') } }));
    for (const [index, outcomeType] of [D, T, L, L].entries()) {
      const answers = take('outcome-decisions', decision({ decisionId: `d-${index}`, outcomeType }));
      expect(brief(answers)).toEqual(['refused account_unknown accountId']);
    }
    const answers = take('accounts', account());
    expect(brief(answers)).toEqual([
      'out:d-0 outcome rated 0 USD',
      'out:d-1 outcome rated 0 USD',
      'out:d-2 outcome rated 0.08 USD',
      'out:d-3 outcome rated 2 USD',
    ]);
    expect(brief(take('outcome-decisions', decision({ decisionId: 'd-4' })))).toEqual([
      'out:d-4 outcome rated 2 USD',
    ]);
    expect([...(store.tables.heldOutcomes?.keys() ?? [])]).toEqual([]);
  });

  test('a fallback waits too and is charged at the base rate', () => {
    const { take } = world();
    take('accounts', account());
    take('outcome-decisions', decision({ basis: 'fallback', outcomeType: 'song_written' }));
    expect(brief(take('contracts', contract({ outcomePlan: { ...withSong, baseFee: usd('0') } })))).toEqual([
      'out:d-1 outcome_fallback rated 3 USD',
    ]);
  });
});
