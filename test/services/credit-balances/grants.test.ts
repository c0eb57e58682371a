import { describe, expect, test } from 'vitest';
import {
  account,
  balanceText,
  charge,
  contract,
  creditWorld,
  day,
  payment,
  readable,
  tick,
} from './facts.ts';
import { rows } from './table.ts';

describe('the credits of a contract', () => {
  rows([
    {
      name: 'are granted at our expense',
      given: [account()],
      when: contract({ welcome: { amount: '20' } }),
      answers: ['grant:acme:welcome | Dr promotion-expense 20 | Cr credits(welcome) 20'],
      balance: 'available 20 overdraft 0: welcome 20',
    },
    {
      name: 'settle the debt first',
      given: [account(), charge('c1', '5')],
      when: contract({ welcome: { amount: '20' } }),
      answers: ['grant:acme:welcome | Dr promotion-expense 20 | Cr receivable 5 | Cr credits(welcome) 15'],
      balance: 'available 15 overdraft 0: welcome 15',
    },
    {
      name: 'are granted once, also when they are spent and named again with other terms',
      given: [account(), contract({ welcome: { amount: '20' } }), charge('c1', '20')],
      when: contract({ welcome: { amount: '30' } }),
      answers: [],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'are granted once where one contract names them twice before the account is known',
      given: [contract({ welcome: { amount: '20' } }), contract({ welcome: { amount: '30' } })],
      when: account(),
      answers: ['grant:acme:welcome | Dr promotion-expense 20 | Cr credits(welcome) 20'],
      balance: 'available 20 overdraft 0: welcome 20',
    },
    {
      name: 'wait for the account',
      given: [],
      when: contract({ welcome: { amount: '20' } }),
      answers: [],
      balance: 'no balance',
    },
    {
      name: 'wait for the contract to take force',
      given: [account()],
      when: contract({ april: { amount: '20' } }, '2026-04-01'),
      answers: [],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'are granted by the tick at which the contract takes force',
      given: [account(), contract({ april: { amount: '20' } }, '2026-04-01'), tick('2026-03-31')],
      when: tick('2026-04-01'),
      answers: ['grant:acme:april | Dr promotion-expense 20 | Cr credits(april) 20'],
      balance: 'available 20 overdraft 0: april 20',
    },
    {
      name: 'that give nothing are refused, and the others granted',
      given: [account()],
      when: contract({ none: { amount: '0' }, less: { amount: '-1' }, some: { amount: '1' } }),
      answers: [
        'grant:acme:some | Dr promotion-expense 1 | Cr credits(some) 1',
        'refused amount_not_positive k1:none',
        'refused amount_not_positive k1:less',
      ],
      balance: 'available 1 overdraft 0: some 1',
    },
  ]);
});

describe('expiry', () => {
  rows([
    {
      name: 'does nothing before its time',
      given: [account(), contract({ march: { amount: '20', expires: '2026-04-01' } })],
      when: tick('2026-03-31'),
      answers: [],
      balance: 'available 20 overdraft 0: march 20',
    },
    {
      name: 'turns what is left into breakage, at the very instant',
      given: [account(), contract({ march: { amount: '20', expires: '2026-04-01' } }), charge('c1', '5')],
      when: tick('2026-04-01'),
      answers: ['expiry:acme:march | Dr credits(march) 15 | Cr breakage 15'],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'happens once',
      given: [account(), contract({ march: { amount: '20', expires: '2026-04-01' } }), tick('2026-04-01')],
      when: tick('2026-04-02'),
      answers: [],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'of a grant that is spent is nothing',
      given: [account(), contract({ march: { amount: '5', expires: '2026-04-01' } }), charge('c1', '5')],
      when: tick('2026-04-01'),
      answers: [],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'takes several grants in burn order and leaves the others',
      given: [
        account(),
        payment('p1', '1'),
        contract({ b: { amount: '2', expires: '2026-04-01' }, a: { amount: '3', expires: '2026-03-20' } }),
      ],
      when: tick('2026-04-02'),
      answers: [
        'expiry:acme:a | Dr credits(a) 3 | Cr breakage 3',
        'expiry:acme:b | Dr credits(b) 2 | Cr breakage 2',
      ],
      balance: 'available 1 overdraft 0: pay:p1 1',
    },
    {
      name: 'before the grant could be booked leaves the debt as it is',
      given: [account(), charge('c1', '5'), tick('2026-04-01')],
      when: contract({ march: { amount: '20', expires: '2026-04-01' } }),
      answers: [
        'grant:acme:march | Dr promotion-expense 20 | Cr credits(march) 20',
        'expiry:acme:march | Dr credits(march) 20 | Cr breakage 20',
      ],
      balance: 'available 0 overdraft 5: ',
    },
  ]);

  test('is looked for only where an account record and a date make it possible', () => {
    const world = creditWorld();
    contract({ march: { amount: '20', expires: '2026-04-01' } })(world);
    expect(world.store.tables.accounts?.due(day('2027-01-01'))).toEqual([]);
    account()(world);
    expect(world.store.tables.accounts?.due(day('2027-01-01'))).toEqual(['acme']);
  });

  test('needs no account record to run, and none is invented by a tick', () => {
    const world = creditWorld();
    expect(readable(tick('2026-04-01')(world))).toEqual([]);
    expect(balanceText(world)).toBe('no balance');
  });
});
