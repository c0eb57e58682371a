import { describe } from 'vitest';
import { account, charge, contract, payment } from './facts.ts';
import { rows } from './table.ts';

describe('a charge', () => {
  rows([
    {
      name: 'is paid from credits',
      given: [account(), payment('p1', '10')],
      when: charge('c1', '4'),
      answers: ['charge:c1 | Dr credits(pay:p1) 4 | Cr revenue 4'],
      balance: 'available 6 overdraft 0: pay:p1 6',
    },
    {
      name: 'that takes the last of a grant removes it',
      given: [account(), payment('p1', '10')],
      when: charge('c1', '10'),
      answers: ['charge:c1 | Dr credits(pay:p1) 10 | Cr revenue 10'],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'beyond the credits is owed for the rest',
      given: [account(), payment('p1', '10')],
      when: charge('c1', '12.5'),
      answers: ['charge:c1 | Dr credits(pay:p1) 10 | Dr receivable 2.5 | Cr revenue 12.5'],
      balance: 'available 0 overdraft 2.5: ',
    },
    {
      name: 'far below a cent is booked exactly',
      given: [account()],
      when: charge('c1', '0.000000000001'),
      answers: ['charge:c1 | Dr receivable 0.000000000001 | Cr revenue 0.000000000001'],
      balance: 'available 0 overdraft 0.000000000001: ',
    },
    {
      name: 'of an account not known yet is booked in its own currency',
      given: [],
      when: charge('c1', '1'),
      answers: ['charge:c1 | Dr receivable 1 | Cr revenue 1'],
      balance: 'available 0 overdraft 1: ',
    },
    {
      name: 'in suspense makes no entry',
      given: [account()],
      when: charge('c1', '0', { status: 'suspense', suspenseReason: 'price_missing' }),
      answers: [],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'of nothing makes no entry',
      given: [account()],
      when: charge('c1', '0'),
      answers: [],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'in another currency is refused',
      given: [account('USD')],
      when: charge('c1', '1', { currency: 'EUR' }),
      answers: ['refused currency_mismatch c1'],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'below zero is a correction: it settles the debt and comes back as a grant that burns first',
      given: [account(), charge('c1', '1')],
      when: charge('c2', '-3'),
      answers: ['charge:c2 | Dr revenue 3 | Cr receivable 1 | Cr credits(charge:c2) 2'],
      balance: 'available 2 overdraft 0: charge:c2 2',
    },
  ]);
});

describe('grants burn', () => {
  rows([
    {
      name: 'by priority first',
      given: [
        account(),
        contract({ late: { amount: '5', priority: 20 }, early: { amount: '5', priority: 1 } }),
      ],
      when: charge('c1', '6'),
      answers: ['charge:c1 | Dr credits(early) 5 | Dr credits(late) 1 | Cr revenue 6'],
      balance: 'available 4 overdraft 0: late 4',
    },
    {
      name: 'then by expiry, soonest first and never last',
      given: [
        account(),
        contract({
          never: { amount: '5' },
          june: { amount: '5', expires: '2026-06-01' },
          may: { amount: '5', expires: '2026-05-01' },
        }),
      ],
      when: charge('c1', '11'),
      answers: ['charge:c1 | Dr credits(may) 5 | Dr credits(june) 5 | Dr credits(never) 1 | Cr revenue 11'],
      balance: 'available 4 overdraft 0: never 4',
    },
    {
      name: 'then by creation',
      given: [account(), payment('p2', '5'), payment('p1', '5')],
      when: charge('c1', '6'),
      answers: ['charge:c1 | Dr credits(pay:p2) 5 | Dr credits(pay:p1) 1 | Cr revenue 6'],
      balance: 'available 4 overdraft 0: pay:p1 4',
    },
    {
      name: 'promotional before paid, because cash has priority 100',
      given: [account(), payment('p1', '5'), contract({ promo: { amount: '5', priority: 99 } })],
      when: charge('c1', '6'),
      answers: ['charge:c1 | Dr credits(promo) 5 | Dr credits(pay:p1) 1 | Cr revenue 6'],
      balance: 'available 4 overdraft 0: pay:p1 4',
    },
  ]);
});
