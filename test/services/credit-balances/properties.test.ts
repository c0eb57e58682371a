/** What holds for any history of an account, each failing history printed with its seed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountOfUnits, formatAmount, ZERO } from '../../../schemas/amount.ts';
import { addAmounts, compareAmounts } from '../../../schemas/amount-arithmetic.ts';
import type { JournalEntry } from '../../../schemas/generated/journal-entry.ts';
import type { Scenario } from '../../support/scenario.ts';
import {
  account,
  charge,
  contract,
  creditWorld,
  entriesIn,
  type Fact,
  invoice,
  payment,
  readable,
  refund,
  tick,
} from './facts.ts';
import { answersOf } from './restart.ts';

const RUNS = { numRuns: 200 };

/** From a billionth of a cent to thousands, most of them small enough to meet each other. */
const amountText = fc
  .bigInt({ min: 1n, max: 5_000_000_000_000_000n })
  .map((units) => formatAmount(amountOfUnits(units)));
const smallText = fc.integer({ min: 1, max: 20 }).map(String);
const anyAmount = fc.oneof(smallText, amountText);
const number = fc.integer({ min: 0, max: 5 });

const chargeFact = fc.tuple(fc.uuid(), anyAmount).map(([id, amount]): Fact => charge(id, amount));
const paymentFact = fc.tuple(number, smallText).map(([n, amount]): Fact => payment(`p${n}`, amount));
const failureFact = fc
  .tuple(number, smallText)
  .map(([n, amount]): Fact => payment(`p${n}`, amount, { kind: 'failed' }));
const refundFact = fc
  .tuple(number, smallText, number)
  .map(([n, amount, event]): Fact => refund(`p${n}`, amount, `r${event}`));
const grantFact = fc
  .tuple(number, anyAmount, fc.integer({ min: 1, max: 28 }), fc.integer({ min: 0, max: 200 }))
  .map(
    ([n, amount, date, priority]): Fact =>
      contract({ [`g${n}`]: { amount, priority, expires: `2026-04-${String(date).padStart(2, '0')}` } }),
  );
const tickFact = fc
  .integer({ min: 1, max: 28 })
  .map((date): Fact => tick(`2026-04-${String(date).padStart(2, '0')}`));
const invoiceFact = fc
  .tuple(number, fc.integer({ min: -4, max: 5 }))
  .map(([n, thousandths]): Fact => invoice('1', `${1000 + thousandths}e-3`, { invoiceId: `i${n}` }));
const correctionFact = fc.tuple(fc.uuid(), smallText).map(([id, amount]): Fact => charge(id, `-${amount}`));

const history = fc.array(
  fc.oneof(
    chargeFact,
    paymentFact,
    failureFact,
    refundFact,
    grantFact,
    tickFact,
    invoiceFact,
    correctionFact,
  ),
  { maxLength: 60 },
);

function lived(facts: readonly Fact[]): Scenario {
  const world = creditWorld();
  for (const fact of facts) fact(world);
  world.project();
  return world;
}

/** Debits less credits of a ledger account, in units. */
function balanceIn(entries: readonly JournalEntry[], ledgerAccount: string): bigint {
  let sum = 0n;
  for (const posting of entries.flatMap((entry) => entry.postings)) {
    if (posting.ledgerAccount === ledgerAccount)
      sum += posting.side === 'debit' ? posting.amount : -posting.amount;
  }
  return sum;
}

function lastBalance(world: Scenario) {
  const output = world.written.findLast((answer) => answer.topic === 'balances');
  if (output?.topic !== 'balances') throw new Error('no balance was written');
  return output.value;
}

describe('in any history', () => {
  test('every entry balances, and no posting is negative or nothing', () => {
    fc.assert(
      fc.property(history, (facts) => {
        for (const entry of entriesIn(lived([account(), ...facts]).written)) {
          const debits = entry.postings.filter(({ side }) => side === 'debit');
          const credits = entry.postings.filter(({ side }) => side === 'credit');
          const sum = (postings: typeof debits) =>
            postings.reduce((total, { amount }) => addAmounts(total, amount), ZERO);
          expect(sum(debits)).toBe(sum(credits));
          expect(debits.length + credits.length).toBe(entry.postings.length);
          expect(entry.postings.every(({ amount }) => compareAmounts(amount, ZERO) > 0)).toBe(true);
        }
      }),
      RUNS,
    );
  });

  test('no entry is booked twice', () => {
    fc.assert(
      fc.property(history, (facts) => {
        const ids = entriesIn(lived([account(), ...facts]).written).map(({ entryId }) => entryId);
        expect(new Set(ids).size).toBe(ids.length);
      }),
      RUNS,
    );
  });

  test('the balance is what the journal says: credits issued = spent + expired + remaining', () => {
    fc.assert(
      fc.property(history, (facts) => {
        const world = lived([account(), ...facts]);
        const entries = entriesIn(world.written);
        const { available, overdraft, grants, entries: count } = lastBalance(world);
        expect(available).toBe(-balanceIn(entries, 'credits'));
        expect(overdraft).toBe(balanceIn(entries, 'receivable'));
        expect(grants.every(({ remaining }) => compareAmounts(remaining, ZERO) > 0)).toBe(true);
        expect(available === ZERO || overdraft === ZERO).toBe(true);
        expect(count).toBe(entries.length);
      }),
      RUNS,
    );
  });

  test('the account before its facts or after them makes no difference to the totals', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(chargeFact, paymentFact, refundFact), { minLength: 1, maxLength: 30 }),
        fc.nat(),
        (facts, place) => {
          const first = lastBalance(lived([account(), ...facts]));
          const late = lastBalance(lived(facts.toSpliced(place % (facts.length + 1), 0, account())));
          expect(late.available).toBe(first.available);
          expect(late.overdraft).toBe(first.overdraft);
        },
      ),
      RUNS,
    );
  });

  test('revenue is exactly the charges', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uuid(), anyAmount)), history, (charges, others) => {
        const named = charges.map(([id, amount]): Fact => charge(`own-${id}`, amount));
        const entries = entriesIn(lived([account(), ...others, ...named]).written);
        const own = entries.filter(({ reference }) => reference.startsWith('own-'));
        const charged = charges.reduce((sum, [, amount]) => sum + unitsOf(amount), 0n);
        expect(-balanceIn(own, 'revenue')).toBe(charged);
      }),
      RUNS,
    );
  });
});

function unitsOf(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.padEnd(12, '0')}`);
}

describe('a restart at any point', () => {
  test('changes no entry and no refusal', () => {
    fc.assert(
      fc.property(history, fc.nat(), (facts, place) => {
        const all = [account(), ...facts];
        const whole = answersOf(creditWorld, all, null);
        const restarted = answersOf(creditWorld, all, place % all.length);
        expect(readable(restarted)).toEqual(readable(whole));
      }),
      RUNS,
    );
  });

  test('changes nothing for what waits for its account', () => {
    fc.assert(
      fc.property(history, fc.nat(), (facts, place) => {
        const all = [...facts, account()];
        const whole = answersOf(creditWorld, all, null);
        const restarted = answersOf(creditWorld, all, place % all.length);
        expect(readable(restarted)).toEqual(readable(whole));
      }),
      RUNS,
    );
  });
});

describe('the order of facts', () => {
  /** Ids are distinct, so that no fact is a duplicate of another and only the order differs. */
  const facts = fc
    .array(fc.tuple(fc.constantFrom('charge', 'payment', 'refunded', 'grant'), smallText, fc.boolean()), {
      maxLength: 25,
    })
    .map((list) =>
      list.flatMap(([kind, amount, promotional], n): readonly Fact[] => {
        if (kind === 'charge') return [charge(`c${n}`, amount)];
        if (kind === 'payment') return [payment(`p${n}`, amount)];
        if (kind === 'refunded') return [payment(`p${n}`, amount), refund(`p${n}`, amount, `r${n}`)];
        return [contract({ [`g${n}`]: { amount, priority: promotional ? 10 : 200 } })];
      }),
    );

  test('does not matter to what is available and what is owed', () => {
    fc.assert(
      fc.property(
        facts.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([inOrder, shuffled]) => {
          const a = lastBalance(lived([account(), ...inOrder]));
          const b = lastBalance(lived([account(), ...shuffled]));
          expect([b.available, b.overdraft]).toEqual([a.available, a.overdraft]);
        },
      ),
      RUNS,
    );
  });
});
