/** Base fees: one per account and period, at its start, by the version then in force (R1). */
import { describe, expect, test } from 'vitest';
import { parseAccountId } from '../../../schemas/ids.ts';
import { FEES_PER_INPUT_MAX } from '../../../services/rating/base-fee.ts';
import type { Scenario } from '../../support/scenario.ts';
import { at, usd } from '../pricing/fixtures.ts';
import { brief, chargesIn, datesOf, world } from './answers.ts';
import { account, contract, MODE_A } from './fixtures.ts';

type Arrival = (given: Scenario) => unknown;

const accountIn =
  (timeZone: string, effectiveAt = '2026-01-01', version = 1): Arrival =>
  ({ take }) =>
    take('accounts', account({ timeZone, version, effectiveAt: at(effectiveAt) }));

const contractFrom =
  (effectiveAt: string, fee = '99.00', version = 1): Arrival =>
  ({ take }) =>
    take(
      'contracts',
      contract({
        version,
        effectiveAt: at(effectiveAt),
        outcomePlan: { ...MODE_A, baseFee: usd(fee) },
      }),
    );

const contractWithoutPlan: Arrival = ({ take }) => take('contracts', contract());

const tickAt =
  (time: string): Arrival =>
  (given) =>
    given.tick(at(time));

const closed: Arrival = ({ take }) =>
  take('accounts', account({ version: 9, status: 'closed', effectiveAt: at('2026-02-15') }));

interface Row {
  readonly name: string;
  readonly given: readonly Arrival[];
  readonly fees: readonly string[];
  readonly starts?: readonly string[];
}

const rows: readonly Row[] = [
  { name: 'no fee without an account', given: [contractFrom('2026-01-01')], fees: [] },
  { name: 'no fee without a contract', given: [accountIn('UTC'), tickAt('2026-05-01')], fees: [] },
  { name: 'no fee without a plan', given: [accountIn('UTC'), contractWithoutPlan], fees: [] },
  {
    name: 'no fee of zero',
    given: [accountIn('UTC'), contractFrom('2026-01-01', '0'), tickAt('2026-03-01')],
    fees: [],
  },
  {
    name: 'the first as soon as both are known, contract last',
    given: [accountIn('UTC'), contractFrom('2026-01-01')],
    fees: ['fee:c-1:2026-01 base_fee rated 99 USD'],
    starts: ['fee:c-1:2026-01 2026-01-01T00:00:00.000Z'],
  },
  {
    name: 'the first as soon as both are known, account last',
    given: [contractFrom('2026-01-01'), accountIn('UTC')],
    fees: ['fee:c-1:2026-01 base_fee rated 99 USD'],
  },
  {
    name: 'a contract that begins within a month owes the whole month',
    given: [accountIn('UTC'), contractFrom('2026-01-20')],
    fees: ['fee:c-1:2026-01 base_fee rated 99 USD'],
    starts: ['fee:c-1:2026-01 2026-01-01T00:00:00.000Z'],
  },
  {
    name: 'months are those of the account',
    given: [accountIn('Asia/Shanghai'), contractFrom('2026-01-31T16:00:00Z')],
    fees: ['fee:c-1:2026-02 base_fee rated 99 USD'],
    starts: ['fee:c-1:2026-02 2026-01-31T16:00:00.000Z'],
  },
  {
    name: 'nothing more before the next month begins',
    given: [accountIn('UTC'), contractFrom('2026-01-01'), tickAt('2026-01-31T23:59:59.999Z')],
    fees: ['fee:c-1:2026-01 base_fee rated 99 USD'],
  },
  {
    name: 'the next at its first instant, once',
    given: [
      accountIn('UTC'),
      contractFrom('2026-01-01'),
      tickAt('2026-02-01'),
      tickAt('2026-02-01'),
      tickAt('2026-02-28T23:59:59Z'),
    ],
    fees: ['fee:c-1:2026-01 base_fee rated 99 USD', 'fee:c-1:2026-02 base_fee rated 99 USD'],
  },
  {
    name: 'a clock that jumps leaves no month out',
    given: [accountIn('UTC'), contractFrom('2026-01-01'), tickAt('2026-04-10')],
    fees: [
      'fee:c-1:2026-01 base_fee rated 99 USD',
      'fee:c-1:2026-02 base_fee rated 99 USD',
      'fee:c-1:2026-03 base_fee rated 99 USD',
      'fee:c-1:2026-04 base_fee rated 99 USD',
    ],
  },
  {
    name: 'a second version in the same month is no second fee',
    given: [accountIn('UTC'), contractFrom('2026-01-01'), contractFrom('2026-01-10', '49.00', 2)],
    fees: ['fee:c-1:2026-01 base_fee rated 99 USD'],
  },
  {
    name: 'the version in force at the start of the month sets the fee of it',
    given: [
      accountIn('UTC'),
      contractFrom('2026-01-01'),
      contractFrom('2026-01-10', '49.00', 2),
      tickAt('2026-02-01'),
    ],
    fees: ['fee:c-1:2026-01 base_fee rated 99 USD', 'fee:c-1:2026-02 base_fee rated 49 USD'],
  },
  {
    name: 'a version that begins after the start of the month waits for the next',
    given: [
      accountIn('UTC'),
      contractFrom('2026-01-01'),
      contractFrom('2026-02-01T00:00:00.001Z', '49.00', 2),
      tickAt('2026-03-01'),
    ],
    fees: [
      'fee:c-1:2026-01 base_fee rated 99 USD',
      'fee:c-1:2026-02 base_fee rated 99 USD',
      'fee:c-1:2026-03 base_fee rated 49 USD',
    ],
  },
  {
    name: 'a backdated version changes no fee that is charged',
    given: [accountIn('UTC'), contractFrom('2026-01-15'), contractFrom('2026-01-01', '49.00', 2)],
    fees: ['fee:c-1:2026-01 base_fee rated 99 USD'],
  },
  {
    name: 'a closed account owes no further fee',
    given: [accountIn('UTC'), contractFrom('2026-01-01'), closed, tickAt('2026-04-01')],
    fees: ['fee:c-1:2026-01 base_fee rated 99 USD', 'fee:c-1:2026-02 base_fee rated 99 USD'],
  },
  {
    name: 'a move to the east charges no month twice and none too few',
    given: [
      accountIn('UTC'),
      contractFrom('2026-01-01'),
      accountIn('Asia/Shanghai', '2026-01-20', 2),
      tickAt('2026-03-15'),
    ],
    fees: [
      'fee:c-1:2026-01 base_fee rated 99 USD',
      'fee:c-1:2026-02 base_fee rated 99 USD',
      'fee:c-1:2026-03 base_fee rated 99 USD',
    ],
  },
  {
    name: 'a move to the west charges no month twice and none too few',
    given: [
      accountIn('Asia/Shanghai'),
      contractFrom('2026-01-05'),
      accountIn('America/New_York', '2026-01-20', 2),
      tickAt('2026-03-15'),
    ],
    fees: [
      'fee:c-1:2026-01 base_fee rated 99 USD',
      'fee:c-1:2026-02 base_fee rated 99 USD',
      'fee:c-1:2026-03 base_fee rated 99 USD',
    ],
  },
];

describe('base fees', () => {
  test.each(rows)('$name', ({ given, fees, starts }) => {
    const scene = world();
    for (const arrive of given) {
      arrive(scene);
      scene.project();
    }
    expect(brief(scene.written)).toEqual(fees);
    if (starts !== undefined) expect(datesOf(scene.written)).toEqual(starts);
  });

  test('are lines of their own', () => {
    const scene = world();
    accountIn('UTC')(scene);
    contractFrom('2026-01-01')(scene);
    expect(chargesIn(scene.written)).toMatchObject([
      {
        lineClass: 'fee',
        requestId: null,
        decisionId: null,
        contractId: 'c-1',
        contractVersion: 1,
        components: [{ item: 'base_fee', quantity: 1, unitPrice: usd('99'), amount: usd('99') }],
        cause: { topic: 'contracts', partition: 0, offset: 0 },
      },
    ]);
  });

  test('of many accounts come a bounded number per tick, and all of them come', () => {
    const scene = world();
    const count = FEES_PER_INPUT_MAX + 5;
    for (let index = 0; index < count; index += 1) {
      const accountId = parseAccountId(`a-${index}`);
      scene.take('accounts', account({ accountId }));
      scene.take('contracts', contract({ accountId, outcomePlan: MODE_A }));
    }
    scene.project();
    expect(scene.tick(at('2026-02-01'))).toHaveLength(FEES_PER_INPUT_MAX);
    scene.project();
    expect(scene.tick(at('2026-02-01'))).toHaveLength(5);
    expect(scene.tick(at('2026-02-02'))).toHaveLength(0);
    const february = chargesIn(scene.written).filter(({ chargeId }) => chargeId.endsWith('2026-02'));
    expect(new Set(february.map(({ accountId }) => accountId)).size).toBe(count);
  });
});
