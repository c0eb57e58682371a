import { describe, expect, test } from 'vitest';
import { account, balanceText, charge, creditWorld, day, invoice, payment, readable } from './facts.ts';
import { rows } from './table.ts';

describe('an account record', () => {
  rows([
    {
      name: 'opens the balance at zero',
      given: [],
      when: account(),
      answers: [],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'in its next version changes nothing',
      given: [account('USD', 1), payment('p1', '10')],
      when: account('USD', 2),
      answers: [],
      balance: 'available 10 overdraft 0: pay:p1 10',
    },
    {
      name: 'cannot change the currency',
      given: [account('USD', 1)],
      when: account('EUR', 2),
      answers: ['refused currency_mismatch acme'],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'cannot contradict the currency of charges that came before it',
      given: [charge('c1', '1', { currency: 'EUR' })],
      when: account('USD'),
      answers: ['refused currency_mismatch acme'],
      balance: 'available 0 overdraft 1: ',
    },
  ]);
});

describe('an issued invoice', () => {
  rows([
    {
      name: 'rounded up is spent from credits for the difference',
      given: [account(), payment('p1', '10')],
      when: invoice('9.995', '10'),
      answers: ['rounding:acme/2026-03 | Dr credits(pay:p1) 0.005 | Cr rounding 0.005'],
      balance: 'available 9.995 overdraft 0: pay:p1 9.995',
    },
    {
      name: 'rounded up is owed where no credits are left',
      given: [account()],
      when: invoice('9.995', '10'),
      answers: ['rounding:acme/2026-03 | Dr receivable 0.005 | Cr rounding 0.005'],
      balance: 'available 0 overdraft 0.005: ',
    },
    {
      name: 'rounded down settles the debt',
      given: [account(), charge('c1', '10.004')],
      when: invoice('10.004', '10'),
      answers: ['rounding:acme/2026-03 | Dr rounding 0.004 | Cr receivable 0.004'],
      balance: 'available 0 overdraft 10: ',
    },
    {
      name: 'rounded down comes back as a grant where nothing is owed',
      given: [account(), payment('p1', '1')],
      when: invoice('10.004', '10'),
      answers: ['rounding:acme/2026-03 | Dr rounding 0.004 | Cr credits(rounding:acme/2026-03) 0.004'],
      balance: 'available 1.004 overdraft 0: rounding:acme/2026-03 0.004, pay:p1 1',
    },
    {
      name: 'is booked once',
      given: [account(), invoice('9.995', '10')],
      when: invoice('9.995', '10'),
      answers: ['refused duplicate acme/2026-03'],
      balance: 'available 0 overdraft 0.005: ',
    },
    {
      name: 'that needed no rounding makes no entry',
      given: [account()],
      when: invoice('10', '10'),
      answers: [],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'in another currency is refused',
      given: [account('USD')],
      when: invoice('9.5', '10', { currency: 'JPY' }),
      answers: ['refused currency_mismatch acme/2026-03'],
      balance: 'available 0 overdraft 0: ',
    },
    {
      name: 'of an account not known yet is booked in its own currency',
      given: [],
      when: invoice('9.5', '10', { currency: 'JPY' }),
      answers: ['rounding:acme/2026-03 | Dr receivable 0.5 | Cr rounding 0.5'],
      balance: 'available 0 overdraft 0.5: ',
    },
    {
      name: 'without an issue time is booked at the end of its period',
      given: [],
      when: invoice('9.5', '10', { issuedAt: null }),
      answers: ['rounding:acme/2026-03 | Dr receivable 0.5 | Cr rounding 0.5'],
      balance: 'available 0 overdraft 0.5: ',
    },
  ]);

  test('is left alone while it is a draft', () => {
    const world = creditWorld();
    account()(world);
    expect(readable(invoice('9.995', '10', { status: 'draft', issuedAt: null })(world))).toEqual([]);
    expect(balanceText(world)).toBe('available 0 overdraft 0: ');
  });
});

describe('the balance record', () => {
  test('names what it stands on, and is written once a step however much happened', () => {
    const world = creditWorld();
    account()(world);
    payment('p1', '10')(world);
    world.appendAt(day('2026-03-11'));
    charge('c1', '1')(world);
    charge('c2', '2')(world);
    const outputs = world.project();
    expect(outputs).toHaveLength(1);
    expect(outputs[0]).toMatchObject({
      topic: 'balances',
      key: 'acme',
      value: {
        entries: 3,
        asOf: day('2026-03-11'),
        cause: { topic: 'charges', partition: 0, offset: 1 },
        reserved: 0n,
        held: 0n,
      },
    });
    expect(world.project()).toEqual([]);
  });

  test('does not go back in time when a payment that waited is booked', () => {
    const world = creditWorld();
    payment('p1', '10')(world);
    world.appendAt(day('2026-03-11'));
    account()(world);
    const [balance] = world.project();
    expect(balance).toMatchObject({
      value: { asOf: day('2026-03-11'), cause: { topic: 'payment-events', offset: 0 } },
    });
  });
});
