import { describe, expect, test } from 'vitest';
import { refundsPerPaymentMax } from '../../../services/credit-balances/payments.ts';
import { account, balanceText, charge, creditWorld, payment, readable, refund } from './facts.ts';
import { rows } from './table.ts';

describe('a payment', () => {
  rows([
    {
      name: 'becomes a grant',
      given: [account()],
      when: payment('p1', '10'),
      answers: ['payment:p1 | Dr cash 10 | Cr credits(pay:p1) 10'],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'settles the debt first',
      given: [account(), charge('c1', '4')],
      when: payment('p1', '10'),
      answers: ['payment:p1 | Dr cash 10 | Cr receivable 4 | Cr credits(pay:p1) 6'],
      balance: 'available 6 overdraft 0: pay:p1 6',
    },
    {
      name: 'below the debt makes no grant',
      given: [account(), charge('c1', '14')],
      when: payment('p1', '10'),
      answers: ['payment:p1 | Dr cash 10 | Cr receivable 10'],
      balance: 'available 0 overdraft 4: ',
    },
    {
      name: 'told again is a duplicate, whatever event tells it',
      given: [account(), payment('p1', '10')],
      when: payment('p1', '10', { providerEventId: 'evt_other' }),
      answers: ['refused duplicate p1'],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'told again with another amount is a conflict',
      given: [account(), payment('p1', '10')],
      when: payment('p1', '11'),
      answers: ['refused payment_conflict p1'],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'told again by another provider is a conflict',
      given: [account(), payment('p1', '10')],
      when: payment('p1', '10', { provider: 'bank' }),
      answers: ['refused payment_conflict p1'],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'that nobody confirmed moves nothing',
      given: [account()],
      when: payment('p1', '10', { verified: false }),
      answers: ['refused payment_unverified p1'],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'is booked when it comes confirmed after all',
      given: [account(), payment('p1', '10', { verified: false })],
      when: payment('p1', '10'),
      answers: ['payment:p1 | Dr cash 10 | Cr credits(pay:p1) 10'],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'in another currency is refused',
      given: [account('USD')],
      when: payment('p1', '10', { currency: 'EUR' }),
      answers: ['refused currency_mismatch p1'],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'of nothing is refused',
      given: [account()],
      when: payment('p1', '0'),
      answers: ['refused amount_not_positive p1'],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'of an unknown kind is refused',
      given: [account()],
      when: payment('p1', '1', { kind: 'pending' }),
      answers: ['refused invalid_kind p1'],
      balance: 'available 0 overdraft 0: ',
    },
  ]);
});

describe('a failure', () => {
  const failed = payment('p1', '10', { kind: 'failed' });
  rows([
    {
      name: 'moves nothing',
      given: [account()],
      when: failed,
      answers: [],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'may be followed by the success of the same payment',
      given: [account(), failed],
      when: payment('p1', '10'),
      answers: ['payment:p1 | Dr cash 10 | Cr credits(pay:p1) 10'],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'after the success changes nothing',
      given: [account(), payment('p1', '10')],
      when: failed,
      answers: ['refused payment_conflict p1'],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'told again is a duplicate',
      given: [account(), failed],
      when: failed,
      answers: ['refused duplicate p1'],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'told again with another amount is a conflict',
      given: [account(), failed],
      when: payment('p1', '9', { kind: 'failed' }),
      answers: ['refused payment_conflict p1'],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'that nobody confirmed is not remembered',
      given: [account(), payment('p1', '9', { kind: 'failed', verified: false })],
      when: failed,
      answers: [],
      balance: 'available 0 overdraft 0: ',
    },
  ]);
});

describe('a refund', () => {
  rows([
    {
      name: 'takes back the credits of its payment',
      given: [account(), payment('p0', '5'), payment('p1', '10')],
      when: refund('p1', '10', 'r1'),
      answers: ['payment:p1:refund:r1 | Dr credits(pay:p1) 10 | Cr cash 10'],
      balance: 'available 5 overdraft 0: pay:p0 5',
    },
    {
      name: 'of credits that are spent takes other credits, then leaves a debt',
      given: [account(), payment('p0', '5'), payment('p1', '10'), charge('c1', '8')],
      when: refund('p1', '10', 'r1'),
      answers: ['payment:p1:refund:r1 | Dr credits(pay:p1) 7 | Dr receivable 3 | Cr cash 10'],
      balance: 'available 0 overdraft 3: ',
    },
    {
      name: 'before the success waits for it',
      given: [account(), refund('p1', '4', 'r1')],
      when: payment('p1', '10'),
      answers: [
        'payment:p1 | Dr cash 10 | Cr credits(pay:p1) 10',
        'payment:p1:refund:r1 | Dr credits(pay:p1) 4 | Cr cash 4',
      ],
      balance: 'available 6 overdraft 0: pay:p1 6',
    },
    {
      name: 'before the success that is more than the payment is refused when the success comes',
      given: [account(), refund('p1', '11', 'r1')],
      when: payment('p1', '10'),
      answers: ['payment:p1 | Dr cash 10 | Cr credits(pay:p1) 10', 'refused payment_conflict p1'],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'before the success from another provider is refused when the success comes',
      given: [account(), payment('p1', '4', { kind: 'refunded', provider: 'bank' })],
      when: payment('p1', '10'),
      answers: ['payment:p1 | Dr cash 10 | Cr credits(pay:p1) 10', 'refused payment_conflict p1'],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'told again is a duplicate',
      given: [account(), payment('p1', '10'), refund('p1', '4', 'r1')],
      when: refund('p1', '4', 'r1'),
      answers: ['refused duplicate p1'],
      balance: 'available 6 overdraft 0: pay:p1 6',
    },
    {
      name: 'told again with another amount is a conflict',
      given: [account(), payment('p1', '10'), refund('p1', '4', 'r1')],
      when: refund('p1', '5', 'r1'),
      answers: ['refused payment_conflict p1'],
      balance: 'available 6 overdraft 0: pay:p1 6',
    },
    {
      name: 'may come in parts',
      given: [account(), payment('p1', '10'), refund('p1', '4', 'r1')],
      when: refund('p1', '4', 'r2'),
      answers: ['payment:p1:refund:r2 | Dr credits(pay:p1) 4 | Cr cash 4'],
      balance: 'available 2 overdraft 0: pay:p1 2',
    },
    {
      name: 'of more than is left of the payment is refused',
      given: [account(), payment('p1', '10'), refund('p1', '4', 'r1')],
      when: refund('p1', '7', 'r2'),
      answers: ['refused payment_conflict p1'],
      balance: 'available 6 overdraft 0: pay:p1 6',
    },
    {
      name: 'that nobody confirmed moves nothing',
      given: [account(), payment('p1', '10')],
      when: payment('p1', '4', { kind: 'refunded', providerEventId: 'r1', verified: false }),
      answers: ['refused payment_unverified p1'],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'in another currency than its payment is refused',
      given: [payment('p1', '10')],
      when: payment('p1', '4', { kind: 'refunded', providerEventId: 'r1', currency: 'EUR' }),
      answers: ['refused payment_conflict p1'],
      balance: 'no balance',
    },
  ]);

  test('stops at the number of refunds that a payment may have', () => {
    const world = creditWorld();
    account()(world);
    payment('p1', '1000')(world);
    for (let n = 0; n < refundsPerPaymentMax; n += 1) refund('p1', '1', `r${n}`)(world);
    expect(readable(refund('p1', '1', 'one-more')(world))).toEqual(['refused payment_conflict p1']);
    expect(balanceText(world)).toBe('available 900 overdraft 0: pay:p1 900');
  });
});

describe('a payment of an account not known yet', () => {
  rows([
    {
      name: 'is kept, and says so',
      given: [],
      when: payment('p1', '10'),
      answers: ['refused account_unknown p1'],
      balance: 'no balance',
    },
    {
      name: 'is booked when the account comes, with its refund',
      given: [payment('p2', '5'), payment('p1', '10'), refund('p1', '4', 'r1')],
      when: account(),
      answers: [
        'payment:p2 | Dr cash 5 | Cr credits(pay:p2) 5',
        'payment:p1 | Dr cash 10 | Cr credits(pay:p1) 10',
        'payment:p1:refund:r1 | Dr credits(pay:p1) 4 | Cr cash 4',
      ],
      balance: 'available 11 overdraft 0: pay:p2 5, pay:p1 6',
    },
    {
      name: 'settles charges that came before the account',
      given: [charge('c1', '4'), payment('p1', '10')],
      when: account(),
      answers: ['payment:p1 | Dr cash 10 | Cr receivable 4 | Cr credits(pay:p1) 6'],
      balance: 'available 6 overdraft 0: pay:p1 6',
    },
    {
      name: 'is a duplicate when told again while it waits',
      given: [payment('p1', '10')],
      when: payment('p1', '10'),
      answers: ['refused duplicate p1'],
      balance: 'no balance',
    },
    {
      name: 'in another currency than the account is refused when the account comes',
      given: [payment('p1', '10', { currency: 'EUR' })],
      when: account('USD'),
      answers: ['refused currency_mismatch p1'],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'in another currency is forgotten then, so that it may come again in the right one',
      given: [payment('p1', '10', { currency: 'EUR' }), account('USD')],
      when: payment('p1', '10'),
      answers: ['payment:p1 | Dr cash 10 | Cr credits(pay:p1) 10'],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'finds no room beyond the number that may wait',
      given: Array.from({ length: 1_000 }, (_, n) => payment(`p${n}`, '1')),
      when: payment('one-more', '1'),
      answers: ['refused account_unknown one-more'],
      balance: 'no balance',
    },
  ]);

  test('that found no room is booked when it is sent again', () => {
    const world = creditWorld();
    for (let n = 0; n <= 1_000; n += 1) payment(`p${n}`, '1')(world);
    expect(readable(account()(world))).toHaveLength(1_000);
    expect(readable(payment('p1000', '1')(world))).toEqual([
      'payment:p1000 | Dr cash 1 | Cr credits(pay:p1000) 1',
    ]);
  });
});
