/** What holds for any charges of an account, each failing case printed with its seed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountOfUnits, formatAmount } from '../../../schemas/amount.ts';
import { addAmounts } from '../../../schemas/amount-arithmetic.ts';
import type { Invoice } from '../../../schemas/generated/invoice.ts';
import type { InvoiceRollup } from '../../../schemas/generated/invoice-rollup.ts';
import type { Scenario } from '../../support/scenario.ts';
import { answersOf } from '../credit-balances/restart.ts';
import { account, charge, type Fact, invoicesIn, invoiceWorld, readable, rollupsIn, tick } from './facts.ts';

const RUNS = { numRuns: 200 };
const FIRST = Date.UTC(2026, 0, 1);
const QUARTER_MS = 90 * 86_400_000;

interface Use {
  readonly units: bigint;
  readonly fact: Fact;
}

const use: fc.Arbitrary<Use> = fc
  .record({
    id: fc.uuid(),
    units: fc.bigInt({ min: -10_000_000_000_000n, max: 5_000_000_000_000_000n }),
    lineClass: fc.constantFrom('usage', 'outcome', 'fee'),
    costCentre: fc.constantFrom(null, 'cc-1', 'cc-2'),
    quantity: fc.nat(1_000),
    time: fc.integer({ min: FIRST, max: FIRST + QUARTER_MS }),
  })
  .map(({ id, units, time, ...text }) => ({
    units,
    fact: charge(id, formatAmount(amountOfUnits(units)), { ...text, at: new Date(time).toISOString() }),
  }));

const uses = fc.array(use, { maxLength: 40 });

/** The last version of each invoice and rollup, as a reader of the topics would hold them. */
function outcome(world: Scenario): { invoices: readonly Invoice[]; rollups: readonly InvoiceRollup[] } {
  const invoices = new Map(invoicesIn(world.written).map((invoice) => [invoice.invoiceId, invoice]));
  const rollups = new Map(
    rollupsIn(world.written).map((rollup) => [
      `${rollup.billingPeriod}/${rollup.lineClass}/${rollup.costCentre}`,
      rollup,
    ]),
  );
  return {
    invoices: [...invoices.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, invoice]) => invoice),
    rollups: [...rollups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rollup]) => rollup),
  };
}

function lived(facts: readonly Fact[]): Scenario {
  const world = invoiceWorld();
  for (const fact of facts) fact(world);
  world.project();
  return world;
}

const tickAt = (time: number): Fact => tick(new Date(time).toISOString());
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
const withoutCause = <T extends object>(records: readonly T[]) => records.map((r) => ({ ...r, cause: null }));

describe('in any history', () => {
  const history = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: use },
      {
        weight: 1,
        arbitrary: fc
          .integer({ min: FIRST, max: FIRST + 2 * QUARTER_MS })
          .map((time): Use => ({ units: 0n, fact: tickAt(time) })),
      },
    ),
    { maxLength: 50 },
  );

  test('invoices sum to the charges, exactly, and so do the rollups', () => {
    fc.assert(
      fc.property(history, fc.constantFrom('UTC', 'Asia/Shanghai', 'America/New_York'), (list, zone) => {
        const { invoices, rollups } = outcome(lived([account({ zone }), ...list.map(({ fact }) => fact)]));
        const charged = sum(list.map(({ units }) => units));
        expect(sum(invoices.map(({ exactTotal }) => exactTotal))).toBe(charged);
        expect(sum(rollups.map(({ exactAmount }) => exactAmount))).toBe(charged);
        for (const { total, exactTotal, roundingTotal, lines } of invoices) {
          expect(addAmounts(exactTotal, roundingTotal)).toBe(total);
          expect(sum(lines.map(({ amount }) => amount))).toBe(total);
          expect(total % 10_000_000_000n).toBe(0n);
        }
      }),
      RUNS,
    );
  });

  test('an invoice is issued once and is never written again', () => {
    fc.assert(
      fc.property(history, (list) => {
        const world = invoiceWorld();
        account()(world);
        for (const { fact } of list) {
          fact(world);
          world.project();
        }
        tickAt(FIRST + 4 * QUARTER_MS)(world);
        const issued = new Set<string>();
        const versions = new Map<string, number>();
        for (const { invoiceId, status, version } of invoicesIn(world.written)) {
          expect(issued.has(invoiceId)).toBe(false);
          expect(version).toBeGreaterThan(versions.get(invoiceId) ?? 0);
          versions.set(invoiceId, version);
          if (status === 'issued') issued.add(invoiceId);
        }
        expect(issued.size).toBe(versions.size);
        expect(world.store.changes().filter(({ table, value }) => table === 'drafts' && value)).toEqual([]);
      }),
      RUNS,
    );
  });
});

describe('a restart at any point', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: use.map(({ fact }) => fact) },
    { weight: 1, arbitrary: fc.integer({ min: FIRST, max: FIRST + QUARTER_MS }).map(tickAt) },
  );

  test('changes no invoice that is issued and no rollup that is final', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), fc.nat(), fc.nat(), (steps, opening, place) => {
        const facts = steps.toSpliced(opening % (steps.length + 1), 0, account());
        const whole = answersOf(invoiceWorld, [...facts, tickAt(FIRST + 4 * QUARTER_MS)], null);
        const restarted = answersOf(
          invoiceWorld,
          [...facts, tickAt(FIRST + 4 * QUARTER_MS)],
          place % facts.length,
        );
        expect(readable(restarted)).toEqual(readable(whole));
      }),
      RUNS,
    );
  });
});

describe('the order of charges', () => {
  test('does not matter to invoices and rollups, nor does when the account becomes known', () => {
    fc.assert(
      fc.property(
        uses.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        fc.nat(),
        ([inOrder, shuffled], place) => {
          const facts = shuffled
            .map(({ fact }) => fact)
            .toSpliced(place % (shuffled.length + 1), 0, account());
          const a = outcome(lived([account(), ...inOrder.map(({ fact }) => fact)]));
          const b = outcome(lived(facts));
          expect(withoutCause(b.invoices)).toEqual(withoutCause(a.invoices));
          expect(withoutCause(b.rollups)).toEqual(withoutCause(a.rollups));
        },
      ),
      RUNS,
    );
  });
});
