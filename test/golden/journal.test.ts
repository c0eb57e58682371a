/**
 * The book of one account, worked out by hand.
 *
 * Acme prepays in USD. Its contract brings 20.00 promotional credits, priority 10, until 1 April 2026.
 *
 *   1 March   welcome credits                      20.00
 *   2 March   a use of 12.345                      credits burn: 20 - 12.345 = 7.655 left
 *   3 March   a use of 10.00                       7.655 burn, 2.345 is owed
 *   4 March   Acme pays 50.00                      2.345 settles the debt, 47.655 become credits
 *   5 March   20.00 winter credits until 1 April   priority 10: they burn before the paid ones
 *   6 March   a use of 0.0005                      19.9995 winter credits left
 *   7 March   10.00 of the payment are refunded    47.655 - 10 = 37.655 paid credits left
 *   1 April   the winter credits expire            19.9995 become breakage
 *   1 April   the March invoice is issued          exact 22.3455, invoiced 22.35: 0.0045 more, from paid credits
 *
 * In the end: 37.655 - 0.0045 = 37.6505 available.
 */
import { describe, expect, test } from 'vitest';
import { formatAmount } from '../../schemas/amount.ts';
import { parseInstant } from '../../schemas/instant.ts';
import { LEDGER_CLASSES } from '../../services/credit-balances/chart-of-accounts.ts';
import {
  account,
  balanceText,
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
} from '../services/credit-balances/facts.ts';

interface Day {
  readonly date: string;
  readonly fact: Fact;
  readonly entry: string;
  readonly balance: string;
}

const BOOK: readonly Day[] = [
  {
    date: '2026-03-01',
    fact: contract({ welcome: { amount: '20', priority: 10, expires: '2026-04-01' } }),
    entry: 'grant:acme:welcome | Dr promotion-expense 20 | Cr credits(welcome) 20',
    balance: 'available 20 overdraft 0: welcome 20',
  },
  {
    date: '2026-03-02',
    fact: charge('use-1', '12.345'),
    entry: 'charge:use-1 | Dr credits(welcome) 12.345 | Cr revenue 12.345',
    balance: 'available 7.655 overdraft 0: welcome 7.655',
  },
  {
    date: '2026-03-03',
    fact: charge('use-2', '10'),
    entry: 'charge:use-2 | Dr credits(welcome) 7.655 | Dr receivable 2.345 | Cr revenue 10',
    balance: 'available 0 overdraft 2.345: ',
  },
  {
    date: '2026-03-04',
    fact: payment('pi_1', '50'),
    entry: 'payment:pi_1 | Dr cash 50 | Cr receivable 2.345 | Cr credits(pay:pi_1) 47.655',
    balance: 'available 47.655 overdraft 0: pay:pi_1 47.655',
  },
  {
    date: '2026-03-05',
    fact: contract({ winter: { amount: '20', priority: 10, expires: '2026-04-01' } }),
    entry: 'grant:acme:winter | Dr promotion-expense 20 | Cr credits(winter) 20',
    balance: 'available 67.655 overdraft 0: winter 20, pay:pi_1 47.655',
  },
  {
    date: '2026-03-06',
    fact: charge('use-3', '0.0005'),
    entry: 'charge:use-3 | Dr credits(winter) 0.0005 | Cr revenue 0.0005',
    balance: 'available 67.6545 overdraft 0: winter 19.9995, pay:pi_1 47.655',
  },
  {
    date: '2026-03-07',
    fact: refund('pi_1', '10', 'evt_refund'),
    entry: 'payment:pi_1:refund:evt_refund | Dr credits(pay:pi_1) 10 | Cr cash 10',
    balance: 'available 57.6545 overdraft 0: winter 19.9995, pay:pi_1 37.655',
  },
  {
    date: '2026-04-01',
    fact: tick('2026-04-01'),
    entry: 'expiry:acme:winter | Dr credits(winter) 19.9995 | Cr breakage 19.9995',
    balance: 'available 37.655 overdraft 0: pay:pi_1 37.655',
  },
  {
    date: '2026-04-01',
    fact: invoice('22.3455', '22.35'),
    entry: 'rounding:acme/2026-03 | Dr credits(pay:pi_1) 0.0045 | Cr rounding 0.0045',
    balance: 'available 37.6505 overdraft 0: pay:pi_1 37.6505',
  },
];

describe('the book of Acme', () => {
  const world = creditWorld();
  account()(world);

  test.each(BOOK)('$date: $entry', ({ date, fact, entry, balance }) => {
    world.appendAt(parseInstant(`${date}T00:00:00Z`));
    expect(readable(fact(world))).toEqual([entry]);
    expect(balanceText(world)).toBe(balance);
  });

  test('has a trial balance that an accountant can check', () => {
    const totals = new Map<string, bigint>();
    for (const { postings } of entriesIn(world.written)) {
      for (const { ledgerAccount, side, amount } of postings) {
        const signed = side === 'debit' ? amount : -amount;
        totals.set(ledgerAccount, (totals.get(ledgerAccount) ?? 0n) + signed);
      }
    }
    // Debits as positive, credits as negative numbers, in units of 1e-12.
    expect(Object.fromEntries(totals)).toEqual({
      cash: 40_000_000_000_000n,
      'promotion-expense': 40_000_000_000_000n,
      receivable: 0n,
      credits: -37_650_500_000_000n,
      revenue: -22_345_500_000_000n,
      breakage: -19_999_500_000_000n,
      rounding: -4_500_000_000n,
    });
    expect([...totals.values()].reduce((sum, total) => sum + total, 0n)).toBe(0n);
    expect(Object.keys(LEDGER_CLASSES).sort()).toEqual([...totals.keys()].sort());
  });

  test('has earned exactly what was charged', () => {
    const revenue = entriesIn(world.written).flatMap(({ postings }) =>
      postings
        .filter(({ ledgerAccount }) => ledgerAccount === 'revenue')
        .map(({ amount }) => formatAmount(amount)),
    );
    expect(revenue).toEqual(['12.345', '10', '0.0005']);
  });
});
