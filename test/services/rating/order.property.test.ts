/** Totals do not depend on the order in which facts and reference data arrive; nothing is charged twice. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAccountId } from '../../../schemas/ids.ts';
import type { Scenario } from '../../support/scenario.ts';
import { at, book, price, usd } from '../pricing/fixtures.ts';
import { chargesIn, totals, world } from './answers.ts';
import { account, contract, decision, MODE_A, use } from './fixtures.ts';

type Arrival = (given: Scenario) => unknown;

/** Reference data whose versions do not overlap what the facts are about, so that only arrival order varies. */
const reference: readonly Arrival[] = [
  ({ take }) => take('accounts', account()),
  ({ take }) => take('accounts', account({ accountId: parseAccountId('east'), timeZone: 'Asia/Shanghai' })),
  ({ take }) =>
    take('contracts', contract({ usageMarkup: usd('1.3'), outcomePlan: { ...MODE_A, includedOutcomes: 3 } })),
  ({ take }) =>
    take(
      'contracts',
      contract({
        accountId: parseAccountId('east'),
        contractId: 'c-2',
        priceBookId: 'east',
        outcomePlan: MODE_A,
      }),
    ),
  ({ take }) =>
    take('price-books', book({ prices: [price('openai', 'gpt-4o', { input: '0.000001', output: '0' })] })),
  ({ take }) => take('price-books', book({ priceBookId: 'east', parts: 2 })),
  ({ take }) => take('price-books', book({ priceBookId: 'east', part: 2, parts: 2, prices: [] })),
];

const accounts = fc.constantFrom('acme', 'east').map(parseAccountId);

const facts: fc.Arbitrary<readonly Arrival[]> = fc
  .array(
    fc.record({
      isUse: fc.boolean(),
      accountId: accounts,
      type: fc.constantFrom(...MODE_A.prices.map(({ outcomeType }) => outcomeType)),
      basis: fc.constantFrom('verification', 'verification', 'fallback'),
      day: fc.constantFrom('2026-03-10T12:00:00Z', '2026-03-31T20:00:00Z', '2026-04-02T00:00:00Z'),
      tokens: fc.nat(300_000),
      model: fc.constantFrom('gpt-4o', 'gpt-4o', 'unpriced'),
    }),
    { maxLength: 25 },
  )
  .map((list) =>
    list.map(({ isUse, accountId, type, basis, day, tokens, model }, index): Arrival => {
      if (!isUse) {
        const claimed = { decisionId: `d-${index}`, accountId, outcomeType: type, basis, claimedAt: at(day) };
        return ({ take }) => take('outcome-decisions', decision(claimed));
      }
      const used = { requestId: `r-${index}`, accountId, model, inputTokens: tokens, occurredAt: at(day) };
      return ({ take }) => take('usage-events', use(used));
    }),
  );

function run(arrivals: readonly Arrival[], tickEvery: number): Scenario {
  const scene = world();
  for (const [index, arrive] of arrivals.entries()) {
    arrive(scene);
    if (tickEvery > 0 && index % tickEvery === 0) scene.project();
  }
  scene.tick(at('2026-05-01'));
  scene.project();
  return scene;
}

test('reference data first, last or in between, facts in any order: the same totals', () => {
  fc.assert(
    fc.property(facts, fc.infiniteStream(fc.nat()), fc.nat(4), (list, keys, tickEvery) => {
      const shuffled = [...reference, ...list]
        .map((arrive) => ({ arrive, key: keys.next().value ?? 0 }))
        .sort((left, right) => left.key - right.key)
        .map(({ arrive }) => arrive);
      const inOrder = run([...reference, ...list], 0);
      const mixed = run(shuffled, tickEvery);
      const late = run([...list, ...reference], tickEvery);
      expect(totals(mixed.written)).toEqual(totals(inOrder.written));
      expect(totals(late.written)).toEqual(totals(inOrder.written));
      expect(mixed.store.sizes().suspendedUses).toBe(inOrder.store.sizes().suspendedUses);
    }),
    { numRuns: 150 },
  );
});

test('one charge of kind usage per use, one backfill at most, no charge id twice in an account', () => {
  fc.assert(
    fc.property(facts, fc.nat(), (list, turn) => {
      const all = [...list, ...reference];
      const at = all.length === 0 ? 0 : turn % all.length;
      const { written } = run([...all.slice(at), ...all.slice(0, at)], 3);
      const charges = chargesIn(written);
      const ids = charges.map(({ accountId, chargeId }) => `${accountId} ${chargeId}`);
      expect(new Set(ids).size).toBe(ids.length);
      for (const charge of charges) {
        const sum = charge.components.reduce((total, { amount }) => total + BigInt(amount), 0n);
        expect(BigInt(charge.amount)).toBe(sum);
        expect(charge.amount >= 0n).toBe(true);
        if (charge.status === 'suspense') expect(charge.suspenseReason).not.toBeNull();
        if (charge.amends !== null) expect(ids).toContain(`${charge.accountId} ${charge.amends}`);
      }
    }),
    { numRuns: 150 },
  );
});

test('the same inputs in the same order give the same answers', () => {
  const text = (scene: Scenario) =>
    JSON.stringify(scene.written, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
  fc.assert(
    fc.property(facts, (list) => {
      const all = [...list, ...reference, ...reference];
      expect(text(run(all, 1))).toBe(text(run(all, 5)));
    }),
    { numRuns: 50 },
  );
});
