/**
 * credit-balances on one screen: its inputs in the order in which a step takes them, its tables, what it shows.
 */
import { defineProcessor, table } from '../../topology/processor.ts';
import { balanceOf } from './balance.ts';
import { decide } from './decide.ts';
import { evolve } from './evolve.ts';
import { nextDueAt } from './expiry.ts';
import { CHARGE_FIELDS } from './model.ts';

const tables = {
  accounts: table('CreditAccount', nextDueAt),
  payments: table('CreditPayment'),
  bookings: table('CreditBooking'),
};

export const creditBalances = defineProcessor<
  typeof tables,
  'accounts' | 'contracts' | 'payment-events' | 'charges' | 'invoices' | 'clock-ticks',
  'journal' | 'balances'
>({
  service: 'credit-balances',
  inputs: ['accounts', 'contracts', 'payment-events', 'charges', 'invoices', 'clock-ticks'],
  outputs: ['journal', 'balances'],
  reads: { charges: CHARGE_FIELDS },
  tables,
  decide,
  evolve(books, fact) {
    // A balance is a projection of what evolved already.
    if (fact.topic !== 'balances') evolve(books, fact);
  },
  projections: {
    accounts({ accounts }, key) {
      const account = accounts.get(key);
      const balance = account === undefined ? null : balanceOf(account);
      return balance === null ? [] : [{ topic: 'balances', key, value: balance }];
    },
  },
});
