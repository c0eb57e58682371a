/** What holds for claims and verifications in any order, each failing case printed with its seed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountOfUnits, formatAmount } from '../../../schemas/amount.ts';
import type { OutcomeDecision } from '../../../schemas/generated/outcome-decision.ts';
import type { Scenario } from '../../support/scenario.ts';
import { answersOf } from '../credit-balances/restart.ts';
import { claim, definition, type Fact, leaf, outcomeWorld, readable, tick, verification } from './facts.ts';

const RUNS = { numRuns: 200 };
const UNITS_PER_ONE = 1_000_000_000_000n;

interface Pair {
  readonly claimId: string;
  readonly facts: readonly Fact[];
}

const pair: fc.Arbitrary<(claimId: string) => Pair> = fc
  .record({
    units: fc.oneof(
      fc.bigInt({ min: 0n, max: UNITS_PER_ONE }),
      fc.constantFrom(700_000_000_000n, 699_999_999_999n, 900_000_000_000n, 900_000_000_001n),
    ),
    status: fc.constantFrom('closed', 'open'),
    verified: fc.boolean(),
    outcomeType: fc.constantFrom('ticket_resolved', 'other'),
  })
  .map(({ units, status, verified, outcomeType }) => (claimId: string): Pair => {
    const confidence = formatAmount(amountOfUnits(units));
    const claimed = claim(claimId, { outcomeType });
    const checked = verification(confidence, { fields: { status } }, claimId);
    return { claimId, facts: verified ? [claimed, checked] : [claimed] };
  });

const pairs = fc.array(pair, { maxLength: 12 }).map((list) => list.map((make, n) => make(`c${n}`)));
const defined = definition({ criteria: leaf('status', 'equals', 'closed') });

function decisionsOf(world: Scenario): readonly Partial<OutcomeDecision>[] {
  return world.written
    .flatMap((answer) => (answer.topic === 'outcome-decisions' ? [answer.value] : []))
    .map(({ cause: _cause, ...decision }) => decision)
    .sort((a, b) => (a.claimId < b.claimId ? -1 : 1));
}

function lived(facts: readonly Fact[]): Scenario {
  const world = outcomeWorld();
  for (const fact of facts) fact(world);
  return world;
}

describe('the order of definitions, claims and verifications', () => {
  test('does not matter to any decision', () => {
    fc.assert(
      fc.property(
        pairs.chain((list) => {
          const facts = [defined, ...list.flatMap((each) => each.facts)];
          return fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length }));
        }),
        ([inOrder, shuffled]) => {
          expect(decisionsOf(lived(shuffled))).toEqual(decisionsOf(lived(inOrder)));
        },
      ),
      RUNS,
    );
  });
});

describe('in any history', () => {
  const history = fc.tuple(pairs, fc.array(fc.integer({ min: 9, max: 14 }))).chain(([list, days]) => {
    const ticks = days.map((day): Fact => tick(`2026-03-${String(day).padStart(2, '0')}T12:00:00Z`));
    const facts = [defined, ...list.flatMap((each) => each.facts), ...ticks];
    return fc.shuffledSubarray(facts, { minLength: facts.length });
  });

  test('a claim is decided at most once, and billed only as bucket auto', () => {
    fc.assert(
      fc.property(history, (facts) => {
        const decisions = decisionsOf(lived([...facts, ...facts]));
        expect(new Set(decisions.map(({ claimId }) => claimId)).size).toBe(decisions.length);
        for (const { bucket, billable } of decisions) expect(billable).toBe(bucket === 'auto');
      }),
      RUNS,
    );
  });

  test('every claim of a defined outcome is decided once its deadline has passed', () => {
    fc.assert(
      fc.property(history, pairs, (facts, more) => {
        const world = lived([...facts, ...more.flatMap((each) => each.facts)]);
        tick('2026-04-01T00:00:00Z')(world);
        expect(
          world.store
            .changes()
            .filter(({ table }) => table === 'cases')
            .map(isOpen),
        ).not.toContain(true);
      }),
      RUNS,
    );
  });

  test('a restart at any point changes no decision and no refusal', () => {
    fc.assert(
      fc.property(history, fc.nat(), (facts, place) => {
        const whole = answersOf(outcomeWorld, facts, null);
        const restarted = answersOf(outcomeWorld, facts, place % facts.length);
        expect(readable(restarted)).toEqual(readable(whole));
      }),
      RUNS,
    );
  });

  function isOpen({ value }: { readonly value: unknown }): boolean {
    return typeof value === 'object' && value !== null && 'decided' in value && value.decided === false;
  }
});
