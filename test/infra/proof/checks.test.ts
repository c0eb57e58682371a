/**
 * Every check of the proof can fail: one thing is altered in an honest history, and exactly the checks that must notice
 * do.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { PROCESSORS } from '../../../infra/processors.ts';
import type { AnalyticsTotals } from '../../../infra/proof/analytics-totals.ts';
import { type Audit, audit, type BalanceAudit } from '../../../infra/proof/audit.ts';
import {
  analyticsChecks,
  type Check,
  countChecks,
  fateChecks,
  moneyChecks,
  replayChecks,
  rerunChecks,
} from '../../../infra/proof/checks.ts';
import type { ReadSource } from '../../../infra/proof/read-topic.ts';
import { rerun } from '../../../infra/proof/rerun.ts';
import { Counts, Sums } from '../../../infra/proof/sums.ts';
import { type Amount, parseAmount } from '../../../schemas/amount.ts';
import { addAmounts } from '../../../schemas/amount-arithmetic.ts';
import type { RecordName } from '../../../schemas/generated/record-types.ts';
import { type Alteration, altered } from '../../support/altered-log.ts';
import { type MemoryGraph, newGraph, runMainJob, workersOf } from '../../support/memory-graph.ts';
import { valuesOf } from '../../support/task-bench.ts';

const AGREE = 'accepted uses, unique ids, charges and cost events agree';
const CHARGED = 'every accepted use is charged';
const ONE_FATE = 'every usage record has exactly one fate';
const NONE_TWICE = 'no charge and no journal entry is written twice';
const ACCEPTED = 'uses accepted are those sent';
const FATES = 'duplicates, conflicts, refusals and dead letters are those sent, none missing';
const SAME_MONEY = 'charges = revenue postings = invoices, exactly';
const ROUNDING = 'the rounding account holds what issued invoices rounded';
const BALANCED = 'every journal entry balances';
const TRIAL = 'the trial balance is zero in every currency';
const FOLD = 'balances = fold of the journal';

let graph: MemoryGraph;
let sent: ReadonlyMap<string, number>;
let honest: Audit;

beforeAll(async () => {
  graph = await newGraph({ seed: 3, uses: 400 });
  sent = new Map((await runMainJob(graph, workersOf(graph))).entries());
  honest = await audit(graph);
}, 60_000);

function failing(checks: readonly Check[]): readonly string[] {
  return checks.filter(({ holds }) => !holds).map(({ name }) => name);
}

function auditChecks(found: Audit): readonly Check[] {
  return [...countChecks(found), ...fateChecks(found, sent), ...moneyChecks(found)];
}

function plus(amount: Amount, text: string): Amount {
  return addAmounts(amount, parseAmount(text));
}

/** One alteration, erased to what the table needs. */
interface Case {
  readonly name: string;
  readonly fails: readonly string[];
  readonly apply: (source: ReadSource) => Promise<ReadSource>;
}

function alter<N extends RecordName>(
  name: string,
  fails: readonly string[],
  alteration: Alteration<N>,
): Case {
  return { name, fails, apply: (source) => altered(source, alteration) };
}

const usageCharge = { topic: 'charges', record: 'Charge', pick: isUsageCharge } as const;
const chargeEntry = { topic: 'journal', record: 'JournalEntry', pick: isChargeEntry } as const;

function isUsageCharge({ kind, status, amount }: { kind: string; status: string; amount: bigint }): boolean {
  return kind === 'usage' && status === 'rated' && amount > 0n;
}

function isChargeEntry({ kind }: { kind: string }): boolean {
  return kind === 'charge';
}

const cases: readonly Case[] = [
  alter('a charge is lost', [AGREE, CHARGED, SAME_MONEY], { ...usageCharge, change: () => [] }),
  alter('a charge is written twice', [AGREE, NONE_TWICE, SAME_MONEY], {
    ...usageCharge,
    change: (charge) => [charge, charge],
  }),
  alter('a charge is the smallest unit too high', [SAME_MONEY], {
    ...usageCharge,
    change: (charge) => [{ ...charge, amount: plus(charge.amount, '0.000000000001') }],
  }),
  alter('a charge is in another currency', [SAME_MONEY], {
    ...usageCharge,
    change: (charge) => [{ ...charge, currency: 'GBP' }],
  }),
  alter('a charge is for another use', [CHARGED], {
    ...usageCharge,
    change: (charge) => [{ ...charge, requestId: 'req-of-nobody' }],
  }),
  alter('a cost event is lost', [AGREE], {
    topic: 'cost-events',
    record: 'CostEvent',
    pick: ({ amends }) => amends === null,
    change: () => [],
  }),
  alter('a cost event is written twice', [AGREE], {
    topic: 'cost-events',
    record: 'CostEvent',
    pick: ({ amends }) => amends === null,
    change: (cost) => [cost, cost],
  }),
  alter('a refusal is lost', [AGREE, FATES, ACCEPTED], {
    topic: 'rating-rejected',
    record: 'Refusal',
    pick: ({ code }) => code === 'duplicate',
    change: () => [],
  }),
  alter('a refusal is written twice', [ONE_FATE, FATES], {
    topic: 'rating-rejected',
    record: 'Refusal',
    pick: ({ code }) => code === 'duplicate',
    change: (refusal) => [refusal, refusal],
  }),
  alter('a refusal says another code', [FATES], {
    topic: 'rating-rejected',
    record: 'Refusal',
    pick: ({ code }) => code === 'duplicate',
    change: (refusal) => [{ ...refusal, code: 'conflict' }],
  }),
  alter('a dead letter is lost', [AGREE, ACCEPTED, FATES], {
    topic: 'rating-rejected',
    record: 'DeadLetter',
    pick: ({ code }) => code === 'unframed',
    change: () => [],
  }),
  alter('a use is lost before anybody read it', [AGREE, ACCEPTED], {
    topic: 'usage-events',
    record: 'UsageEvent',
    pick: ({ requestId }) => requestId === 'req-00000000',
    change: () => [],
  }),
  alter('an entry is lost', [SAME_MONEY, FOLD], { ...chargeEntry, change: () => [] }),
  alter('an entry is written twice', [NONE_TWICE, SAME_MONEY, FOLD], {
    ...chargeEntry,
    change: (entry) => [entry, entry],
  }),
  alter('the debit of an entry is lost', [BALANCED, TRIAL, FOLD], {
    ...chargeEntry,
    change: (entry) => [{ ...entry, postings: entry.postings.filter(({ side }) => side !== 'debit') }],
  }),
  alter('a posting is written twice', [SAME_MONEY, BALANCED, TRIAL], {
    ...chargeEntry,
    change: (entry) => {
      const credit = entry.postings.filter(({ side }) => side === 'credit');
      return [{ ...entry, postings: [...entry.postings, ...credit] }];
    },
  }),
  alter('debit and credit are exchanged', [SAME_MONEY, FOLD], {
    ...chargeEntry,
    change: (entry) => {
      const other = (side: string): string => (side === 'debit' ? 'credit' : 'debit');
      return [{ ...entry, postings: entry.postings.map((leg) => ({ ...leg, side: other(leg.side) })) }];
    },
  }),
  alter('a posting has a side that does not exist', [BALANCED], {
    ...chargeEntry,
    change: (entry) => {
      const postings = entry.postings.map((leg) => (leg.side === 'credit' ? { ...leg, side: 'right' } : leg));
      return [{ ...entry, postings }];
    },
  }),
  alter('revenue is booked to another ledger account', [SAME_MONEY], {
    ...chargeEntry,
    change: (entry) => {
      const postings = entry.postings.map((leg) =>
        leg.ledgerAccount === 'revenue' ? { ...leg, ledgerAccount: 'suspense' } : leg,
      );
      return [{ ...entry, postings }];
    },
  }),
  alter('a rounding entry is lost', [ROUNDING, FOLD], {
    topic: 'journal',
    record: 'JournalEntry',
    pick: ({ kind }) => kind === 'rounding',
    change: () => [],
  }),
];

describe('the broker', () => {
  test('nothing fails in an honest history', () => {
    expect(failing(auditChecks(honest))).toEqual([]);
    expect(honest.charges.records).toBeGreaterThan(400);
  });

  test.each(cases)('$name', async ({ fails, apply }) => {
    const found = await audit(await apply(graph));
    expect(failing(auditChecks(found)).toSorted()).toEqual(fails.toSorted());
  });

  function withBalance(change: (balance: BalanceAudit) => BalanceAudit): Audit['balances'] {
    const found = [...honest.balances].find(([, { available }]) => available > 0n);
    if (found === undefined) throw new Error('no account has a balance');
    return new Map([...honest.balances, [found[0], change(found[1])]]);
  }

  const balances: readonly (readonly [string, () => Audit['balances']])[] = [
    ['is one unit too high', () => withBalance((b) => ({ ...b, available: b.available + 1n }))],
    [
      'is right in sum and shown on both sides',
      () => withBalance((b) => ({ available: b.available + 1n, overdraft: b.overdraft + 1n })),
    ],
    ['is missing', () => new Map([...honest.balances].slice(1))],
    [
      'is of an account without entries',
      () => new Map([...honest.balances, ['ghost USD', { available: 1n, overdraft: 0n }]]),
    ],
  ];
  test.each(balances)('a balance %s', (_, change) => {
    expect(failing(auditChecks({ ...honest, balances: change() }))).toEqual([FOLD]);
  });

  test('an invoice that changes after it was issued stops the audit', async () => {
    const source = await altered(graph, {
      topic: 'invoices',
      record: 'Invoice',
      pick: ({ status }) => status === 'issued',
      change: (invoice) => [invoice, invoice],
    });
    await expect(audit(source)).rejects.toThrow('changed after it was issued');
  });

  test('an issued invoice whose total is a cent off', async () => {
    const source = await altered(graph, {
      topic: 'invoices',
      record: 'Invoice',
      pick: ({ status }) => status === 'issued',
      change: (invoice) => [{ ...invoice, total: plus(invoice.total, '0.01') }],
    });
    expect(failing(auditChecks(await audit(source)))).toEqual([SAME_MONEY]);
  });

  test('what was sent is not what was accepted, or refused', () => {
    const more = (fate: string) => new Map([...sent, [fate, (sent.get(fate) ?? 0) + 1]]);
    expect(failing(fateChecks(honest, more('accepted')))).toEqual([ACCEPTED]);
    expect(failing(fateChecks(honest, more('conflict')))).toEqual([FATES]);
    expect(failing(fateChecks(honest, more('never-seen')))).toEqual([FATES]);
    expect(failing(fateChecks(honest, new Map()))).toEqual([ACCEPTED, FATES]);
  });

  test('each check is seen to fail', () => {
    const seen = new Set([...cases.flatMap(({ fails }) => fails), ACCEPTED]);
    expect(
      auditChecks(honest)
        .map(({ name }) => name)
        .filter((name) => !seen.has(name)),
    ).toEqual([]);
  });
});

describe('ClickHouse', () => {
  function honestTotals(): AnalyticsTotals {
    return {
      usageRows: honest.acceptedRecords,
      usageIds: honest.acceptedRecords,
      charges: honest.charges.byCurrency,
      revenue: honest.charges.byCurrency,
      trial: new Sums(),
      journalEntries: honest.journal.entries,
      rejected: honest.rejected,
    };
  }

  function withUnit(sums: Sums): Sums {
    const copy = new Sums();
    for (const [name, units] of sums.entries()) copy.add(name, units);
    copy.add('USD', 1n);
    return copy;
  }

  function withOneMore(counts: Counts): Counts {
    const copy = new Counts();
    for (const [name, count] of counts.entries()) copy.add(name, count);
    copy.add('rating/duplicate');
    return copy;
  }

  const USES = 'ClickHouse has every use once';
  const MONEY = 'ClickHouse has the same money';
  const changes: readonly (readonly [
    string,
    (totals: AnalyticsTotals) => Partial<AnalyticsTotals>,
    string,
  ])[] = [
    [
      'a row is lost',
      ({ usageRows, usageIds }) => ({ usageRows: usageRows - 1, usageIds: usageIds - 1 }),
      USES,
    ],
    ['a row is there twice', ({ usageRows }) => ({ usageRows: usageRows + 1 }), USES],
    ['one row is lost and another doubled', ({ usageIds }) => ({ usageIds: usageIds - 1 }), USES],
    ['charges differ by the smallest unit', ({ charges }) => ({ charges: withUnit(charges) }), MONEY],
    ['revenue differs by the smallest unit', ({ revenue }) => ({ revenue: withUnit(revenue) }), MONEY],
    [
      'debits and credits differ',
      ({ trial }) => ({ trial: withUnit(trial) }),
      'the trial balance is zero in ClickHouse too',
    ],
    [
      'an entry is lost',
      ({ journalEntries }) => ({ journalEntries: journalEntries - 1 }),
      'ClickHouse has every journal entry once',
    ],
    [
      'a refusal is there twice',
      ({ rejected }) => ({ rejected: withOneMore(rejected) }),
      'ClickHouse lists every refusal and dead letter by service and code',
    ],
  ];
  test.each(changes)('%s', (_, change, name) => {
    const totals = honestTotals();
    expect(failing(analyticsChecks(honest, totals))).toEqual([]);
    expect(failing(analyticsChecks(honest, { ...totals, ...change(totals) }))).toEqual([name]);
  });
});

describe('replay and rerun', () => {
  const report = {
    service: 'rating',
    partition: 0,
    steps: 3,
    outputs: 9,
    records: 12,
    difference: null,
    head: '',
  };

  test('a step that differs is named with its service and partition', () => {
    const [check] = replayChecks([
      report,
      { ...report, partition: 1, difference: 'the outputs of step 2 differ' },
    ]);
    expect(check).toMatchObject({ holds: false, detail: '1: rating/1: the outputs of step 2 differ' });
    expect(failing(replayChecks([report]))).toEqual([]);
  });

  const CHARGES = 'another interleaving charges the same';
  const BALANCES = 'another interleaving gives the same balances';
  const INVOICES = 'another interleaving gives the same invoices';

  async function rerunOf(source: ReadSource): Promise<Audit> {
    const log = await rerun({ source, processors: PROCESSORS, seed: 5 });
    return audit({ log, directory: graph.directory });
  }

  test('the same input gives the same', async () => {
    expect(failing(rerunChecks(honest, await rerunOf(graph)))).toEqual([]);
  }, 60_000);

  test('another price in the second run changes charges, balances and invoices', async () => {
    const source = await altered(graph, {
      topic: 'price-books',
      record: 'PriceBook',
      // Version 2 comes late in the first run; in the second it is there before most uses are taken.
      pick: ({ purpose, currency, version }) => purpose === 'customer' && currency === 'USD' && version === 2,
      change: (book) => {
        const prices = book.prices.map((price) => ({
          ...price,
          rates: price.rates.map((rate) => ({
            ...rate,
            pricePerToken: plus(rate.pricePerToken, '0.000001'),
          })),
        }));
        return [{ ...book, prices }];
      },
    });
    expect(failing(rerunChecks(honest, await rerunOf(source)))).toEqual([CHARGES, BALANCES, INVOICES]);
  }, 60_000);

  test('a payment less in the second run changes balances alone', async () => {
    const ids = (await valuesOf(graph, 'payment-events', 'PaymentEvent')).map(({ paymentId }) => paymentId);
    const source = await altered(graph, {
      topic: 'payment-events',
      record: 'PaymentEvent',
      pick: ({ paymentId }) => ids.filter((id) => id === paymentId).length === 1,
      change: () => [],
    });
    expect(failing(rerunChecks(honest, await rerunOf(source)))).toEqual([BALANCES]);
  }, 60_000);
});
