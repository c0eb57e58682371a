import { describe, expect, test } from 'vitest';
import { account, charge, type Fact, invoicesIn, invoiceWorld, readable, rollupsIn, tick } from './facts.ts';

interface Row {
  readonly name: string;
  readonly given: readonly Fact[];
  readonly when: Fact;
  /** What the record is answered with, then what the step shows. */
  readonly answers: readonly string[];
  readonly graceMs?: number;
}

function rows(table: readonly Row[]): void {
  test.each(table)('$name', ({ given, when, answers, graceMs }) => {
    const world = invoiceWorld(graceMs ?? 0);
    for (const fact of given) fact(world);
    world.project();
    expect(readable([...when(world), ...world.project()])).toEqual(answers);
  });
}

const HOUR_MS = 3_600_000;

describe('a charge', () => {
  rows([
    {
      name: 'shows in the draft and the rollup of its month',
      given: [account()],
      when: charge('c1', '10.005'),
      answers: ['draft 2026-03 10 (usage 10)', 'rollup 2026-03 usage/cc-1 10.005 x1'],
    },
    {
      name: 'adds to its line, and only its rollup is shown again',
      given: [account(), charge('c1', '10', { costCentre: 'cc-2' })],
      when: charge('c2', '5'),
      answers: ['draft 2026-03 15 (usage 15)', 'rollup 2026-03 usage/cc-1 5 x1'],
    },
    {
      name: 'of another class has a line of its own, in order of class',
      given: [account(), charge('c1', '10')],
      when: charge('c2', '99', { lineClass: 'fee' }),
      answers: ['draft 2026-03 109 (fee 99, usage 10)', 'rollup 2026-03 fee/cc-1 99 x1'],
    },
    {
      name: 'without a cost centre is unassigned',
      given: [account()],
      when: charge('c1', '1', { costCentre: null }),
      answers: ['draft 2026-03 1 (usage 1)', 'rollup 2026-03 usage/unassigned 1 x1'],
    },
    {
      name: 'below zero reduces its line',
      given: [account(), charge('c1', '10')],
      when: charge('c2', '-4'),
      answers: ['draft 2026-03 6 (usage 6)', 'rollup 2026-03 usage/cc-1 6 x2'],
    },
    {
      name: 'of nothing is counted',
      given: [account()],
      when: charge('c1', '0'),
      answers: ['draft 2026-03 0 (usage 0)', 'rollup 2026-03 usage/cc-1 0 x1'],
    },
    {
      name: 'in suspense is not counted',
      given: [account()],
      when: charge('c1', '0', { status: 'suspense' }),
      answers: [],
    },
    {
      name: 'in another currency is refused',
      given: [account()],
      when: charge('c1', '1', { currency: 'EUR' }),
      answers: ['refused currency_mismatch c1'],
    },
    {
      name: 'in the last millisecond of the month belongs to it',
      given: [account()],
      when: charge('c1', '1', { at: '2026-03-31T23:59:59.999Z' }),
      answers: ['draft 2026-03 1 (usage 1)', 'rollup 2026-03 usage/cc-1 1 x1'],
    },
    {
      name: 'at midnight belongs to the next month',
      given: [account()],
      when: charge('c1', '1', { at: '2026-04-01T00:00:00Z' }),
      answers: ['draft 2026-04 1 (usage 1)', 'rollup 2026-04 usage/cc-1 1 x1'],
    },
    {
      name: 'belongs to the month of the account, east of Greenwich',
      given: [account({ zone: 'Asia/Shanghai' })],
      when: charge('c1', '1', { at: '2026-03-31T16:00:00Z' }),
      answers: ['draft 2026-04 1 (usage 1)', 'rollup 2026-04 usage/cc-1 1 x1'],
    },
    {
      name: 'belongs to the month of the account, west of it',
      given: [account({ zone: 'America/New_York' })],
      when: charge('c1', '1', { at: '2026-04-01T03:59:59.999Z' }),
      answers: ['draft 2026-03 1 (usage 1)', 'rollup 2026-03 usage/cc-1 1 x1'],
    },
  ]);
});

describe('closing', () => {
  rows([
    {
      name: 'does not come a millisecond early',
      given: [account(), charge('c1', '1')],
      when: tick('2026-03-31T23:59:59.999Z'),
      answers: [],
    },
    {
      name: 'issues the invoice and makes its rollups final',
      given: [account(), charge('c1', '1'), charge('c2', '2', { costCentre: 'cc-2' })],
      when: tick('2026-04-01T00:00:00Z'),
      answers: [
        'issued 2026-03 3 (usage 3)',
        'final rollup 2026-03 usage/cc-1 1 x1',
        'final rollup 2026-03 usage/cc-2 2 x1',
      ],
    },
    {
      name: 'comes once',
      given: [account(), charge('c1', '1'), tick('2026-04-01T00:00:00Z')],
      when: tick('2026-04-02T00:00:00Z'),
      answers: [],
    },
    {
      name: 'issues nothing for a month without charges',
      given: [account(), charge('c1', '0', { status: 'suspense' })],
      when: tick('2026-05-01T00:00:00Z'),
      answers: [],
    },
    {
      name: 'waits for the grace after the end',
      given: [account(), charge('c1', '1')],
      when: tick('2026-04-01T00:59:59.999Z'),
      answers: [],
      graceMs: HOUR_MS,
    },
    {
      name: 'comes at the end of the grace',
      given: [account(), charge('c1', '1')],
      when: tick('2026-04-01T01:00:00Z'),
      answers: ['issued 2026-03 1 (usage 1)', 'final rollup 2026-03 usage/cc-1 1 x1'],
      graceMs: HOUR_MS,
    },
    {
      name: 'takes several months in order of their ends',
      given: [account(), charge('c1', '1', { at: '2026-04-10T00:00:00Z' }), charge('c2', '2')],
      when: tick('2026-06-01T00:00:00Z'),
      answers: [
        'issued 2026-03 2 (usage 2)',
        'issued 2026-04 1 (usage 1)',
        'final rollup 2026-03 usage/cc-1 2 x1',
        'final rollup 2026-04 usage/cc-1 1 x1',
      ],
    },
  ]);
});

describe('a charge that comes after its month was closed', () => {
  rows([
    {
      name: 'goes to the month of stream time',
      given: [account(), charge('c1', '1'), tick('2026-05-10T00:00:00Z')],
      when: charge('c2', '2'),
      answers: ['draft 2026-05 2 (usage 2)', 'rollup 2026-05 usage/cc-1 2 x1'],
    },
    {
      name: 'goes there too where its month had no invoice',
      given: [account(), tick('2026-05-10T00:00:00Z')],
      when: charge('c2', '2'),
      answers: ['draft 2026-05 2 (usage 2)', 'rollup 2026-05 usage/cc-1 2 x1'],
    },
    {
      name: 'goes to the next month from the very instant of closing',
      given: [account(), tick('2026-04-01T00:00:00Z')],
      when: charge('c2', '2'),
      answers: ['draft 2026-04 2 (usage 2)', 'rollup 2026-04 usage/cc-1 2 x1'],
    },
    {
      name: 'still finds its month within the grace',
      given: [account(), charge('c1', '1'), tick('2026-04-01T00:30:00Z')],
      when: charge('c2', '2'),
      answers: ['draft 2026-03 3 (usage 3)', 'rollup 2026-03 usage/cc-1 3 x2'],
      graceMs: HOUR_MS,
    },
    {
      name: 'is never put into an issued month, also where the account has moved west since',
      given: [
        account(),
        charge('c1', '1'),
        tick('2026-04-01T00:00:00Z'),
        account({ version: 2, zone: 'America/New_York' }),
      ],
      when: charge('c2', '2', { at: '2026-03-31T23:00:00Z' }),
      answers: ['draft 2026-04 2 (usage 2)', 'rollup 2026-04 usage/cc-1 2 x1'],
    },
  ]);
});

describe('an account', () => {
  rows([
    {
      name: 'not known yet lets its charges wait',
      given: [],
      when: charge('c1', '1'),
      answers: [],
    },
    {
      name: 'takes the charges that waited, each into its month',
      given: [charge('c1', '1'), charge('c2', '2', { at: '2026-03-31T16:00:00Z' }), charge('c3', '4')],
      when: account({ zone: 'Asia/Shanghai' }),
      answers: [
        'draft 2026-03 5 (usage 5)',
        'draft 2026-04 2 (usage 2)',
        'rollup 2026-03 usage/cc-1 5 x2',
        'rollup 2026-04 usage/cc-1 2 x1',
      ],
    },
    {
      name: 'refuses charges that waited in another currency',
      given: [charge('c1', '1', { currency: 'EUR' }), charge('c2', '2')],
      when: account(),
      answers: [
        'refused currency_mismatch c1',
        'draft 2026-03 2 (usage 2)',
        'rollup 2026-03 usage/cc-1 2 x1',
      ],
    },
    {
      name: 'takes them once',
      given: [charge('c1', '1'), account()],
      when: account({ version: 2 }),
      answers: [],
    },
    {
      name: 'sent again changes nothing',
      given: [account(), charge('c1', '1')],
      when: account(),
      answers: [],
    },
    {
      name: 'cannot change its currency',
      given: [account()],
      when: account({ version: 2, currency: 'EUR' }),
      answers: ['refused currency_mismatch acme'],
    },
    {
      name: 'with a currency that does not exist is refused',
      given: [],
      when: account({ currency: 'XXX' }),
      answers: ['refused unknown_currency acme'],
    },
    {
      name: 'with a time zone that does not exist is refused',
      given: [],
      when: account({ zone: 'Mars/Olympus' }),
      answers: ['refused unknown_time_zone acme'],
    },
    {
      name: 'that moves is billed by the zone in force when the service was used',
      given: [account({ version: 2, zone: 'Asia/Shanghai', from: '2026-04-01T00:00:00Z' }), account()],
      when: charge('c1', '1', { at: '2026-03-31T20:00:00Z' }),
      answers: ['draft 2026-03 1 (usage 1)', 'rollup 2026-03 usage/cc-1 1 x1'],
    },
    {
      name: 'is in its new zone from the very instant',
      given: [account({ version: 2, zone: 'Asia/Shanghai', from: '2026-03-31T20:00:00Z' }), account()],
      when: charge('c1', '1', { at: '2026-03-31T20:00:00Z' }),
      answers: ['draft 2026-04 1 (usage 1)', 'rollup 2026-04 usage/cc-1 1 x1'],
    },
    {
      name: 'has its first zone before its first version took force',
      given: [account({ zone: 'Asia/Shanghai', from: '2026-04-10T00:00:00Z' })],
      when: charge('c1', '1', { at: '2026-03-31T16:00:00Z' }),
      answers: ['draft 2026-04 1 (usage 1)', 'rollup 2026-04 usage/cc-1 1 x1'],
    },
  ]);
});

test('charges that waited are not kept once they are placed', () => {
  const world = invoiceWorld();
  charge('c1', '1')(world);
  charge('c2', '2')(world);
  world.store.commit();
  expect(world.store.sizes()).toMatchObject({ waiting: 2 });
  account()(world);
  world.store.commit();
  expect(world.store.sizes()).toMatchObject({ waiting: 0, drafts: 1, cells: 1 });
});

describe('the records', () => {
  test('of an issued invoice say all that finance needs', () => {
    const world = invoiceWorld();
    account({ zone: 'Europe/Berlin' })(world);
    charge('c1', '1.005', { quantity: 700 })(world);
    charge('c2', '1.01', { quantity: 300 })(world);
    const [invoice] = invoicesIn(tick('2026-04-01T00:00:00Z')(world));
    expect(invoice).toMatchObject({
      invoiceId: 'acme/2026-03',
      invoiceNumber: 'BILL-acme-202603',
      billingPeriod: '2026-03',
      periodStart: Date.UTC(2026, 1, 28, 23),
      periodEnd: Date.UTC(2026, 2, 31, 22),
      status: 'issued',
      version: 3,
      lines: [{ description: 'Usage', quantity: 1000, charges: 2 }],
      issuedAt: Date.UTC(2026, 3, 1),
      cause: { topic: 'clock-ticks', partition: 0, offset: 0 },
    });
  });

  test('of a draft and a rollup cite the last charge in them, and are written once a step', () => {
    const world = invoiceWorld();
    account()(world);
    charge('c1', '1')(world);
    charge('c2', '1')(world);
    const shown = world.project();
    expect(invoicesIn(shown)).toMatchObject([
      { status: 'draft', version: 2, issuedAt: null, cause: { topic: 'charges', offset: 1 } },
    ]);
    expect(rollupsIn(shown)).toMatchObject([
      { final: false, quantity: 2, charges: 2, cause: { topic: 'charges', offset: 1 } },
    ]);
    expect(world.project()).toEqual([]);
  });

  test('of a step in which the month both grew and closed are only the final ones', () => {
    const world = invoiceWorld();
    account()(world);
    charge('c1', '1')(world);
    tick('2026-04-01T00:00:00Z')(world);
    expect(world.project()).toEqual([]);
    expect(world.store.sizes()).toMatchObject({ drafts: 0, cells: 0, accounts: 1 });
  });

  test('of a class that has no name of its own are described by it', () => {
    const world = invoiceWorld();
    account()(world);
    charge('c1', '1', { lineClass: 'true_up' })(world);
    expect(invoicesIn(world.project())).toMatchObject([{ lines: [{ description: 'true_up' }] }]);
  });
});
