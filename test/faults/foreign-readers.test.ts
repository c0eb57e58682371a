/**
 * Proof of the comparison with which a chaos run ends: three readers that share no code with each other add up the same
 * money, and the smallest deliberate difference in what one of them reads is found and named.
 *
 * The altered books are copies in databases of their own, so every case starts from the same honest ones.
 */
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backlogOf } from '../../infra/analytics/catch-up.ts';
import { waitUntil } from '../../infra/embedded/wait.ts';
import { parseAmount } from '../../schemas/amount.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import type { Charge } from '../../schemas/generated/charge.ts';
import type { JournalEntry } from '../../schemas/generated/journal-entry.ts';
import { parseAccountId } from '../../schemas/ids.ts';
import { applyAnalyticsSchema } from '../../services/analytics-sink/schema.ts';
import { partitionOf } from '../../topology/partitioner.ts';
import { charge } from '../services/sample-charge.ts';
import { type OwnBroker, PARTITIONS, startOwnBroker } from '../support/own-broker.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';
import { differencesOf } from './readers/compare-totals.ts';
import { consoleTotals, type ForeignTotals, sqlTotals } from './readers/foreign-audit.ts';

const CUSTOMERS = 12;
const CHARGES_EACH = 20;
const CONSOLE_IDLE_MS = 8_000;
const WAIT = { timeoutMs: 90_000 };
const UNIT = "toDecimal128('0.000000000001', 12)";

let broker: OwnBroker;
let clickhouse: ClickHouseClient;
let sink: ServiceProcess;
/** Of the honest books, by Kafka's own consumer. */
let read: ForeignTotals;

beforeAll(async () => {
  broker = await startOwnBroker({ clickhouse: true });
  const { clickhouseUrl: url, clickhouseWriter: writer } = broker.stack;
  clickhouse = createClient({ url, ...writer });
  await applyAnalyticsSchema(clickhouse);
  for (let customer = 0; customer < CUSTOMERS; customer += 1) {
    for (let number = 0; number < CHARGES_EACH; number += 1) {
      await book(customer, number, `${number}.00000000000${1 + (number % 9)}`);
    }
  }
  sink = startServiceProcess('analytics-sink', {
    ...broker.env,
    CLICKHOUSE_URL: url,
    CLICKHOUSE_USER: writer.username,
    CLICKHOUSE_PASSWORD: writer.password,
  });
  await sink.ready();
  await caughtUp();
  read = await consoleRead();
});

afterAll(async () => {
  sink?.signal('SIGKILL');
  await sink?.ended;
  await clickhouse?.close();
  await broker?.stop();
});

/** A charge and the entry that books it. */
async function book(customer: number, number: number, amount: string): Promise<void> {
  const accountId = parseAccountId(`acct-${customer}`);
  const owed: Charge = charge({ chargeId: `c-${number}`, accountId, amount: parseAmount(amount) });
  const isPrepaid = number % 2 === 0;
  const entry: JournalEntry = {
    entryId: `charge:${owed.chargeId}`,
    accountId,
    kind: 'charge',
    currency: owed.currency,
    postings: [
      {
        ledgerAccount: isPrepaid ? 'credits' : 'receivable',
        side: 'debit',
        amount: owed.amount,
        grantId: null,
      },
      { ledgerAccount: 'revenue', side: 'credit', amount: owed.amount, grantId: null },
    ],
    reference: owed.chargeId,
    occurredAt: owed.occurredAt,
    bookedAt: owed.recordedAt,
    cause: owed.cause,
  };
  await append(accountId, entry, owed);
}

async function append(accountId: string, entry: JournalEntry, owed: Charge | null): Promise<void> {
  const { directory, log } = broker;
  const key = Buffer.from(accountId);
  const partition = partitionOf(key, PARTITIONS);
  const booked = encodeFramed('JournalEntry', entry, directory.idOf('JournalEntry'));
  const records = [{ topic: 'journal', partition, key, value: booked }];
  if (owed !== null) {
    const value = encodeFramed('Charge', owed, directory.idOf('Charge'));
    records.push({ topic: 'charges', partition, key, value });
  }
  await log.append(records);
}

async function caughtUp(): Promise<void> {
  const isEmpty = async (): Promise<boolean> =>
    (await backlogOf(clickhouse, broker.log, ['charges', 'journal'])).length === 0;
  expect(await waitUntil(isEmpty, WAIT)).toBe(true);
}

function consoleRead(): Promise<ForeignTotals> {
  const { kafkaBrokers: brokers, schemaRegistryUrl } = broker.stack;
  return consoleTotals({ brokers, schemaRegistryUrl, idleMs: CONSOLE_IDLE_MS });
}

function sql(database?: string): Promise<ForeignTotals> {
  const { clickhouseUrl: url, clickhouseWriter } = broker.stack;
  return sqlTotals({ url, ...clickhouseWriter, ...(database === undefined ? {} : { database }) });
}

/** Copies the books into a database of their own, changed by what is selected. */
async function altered(
  database: string,
  { journal = 'SELECT * FROM journal', charges = 'SELECT * FROM charges' },
): Promise<ForeignTotals> {
  await clickhouse.command({ query: `CREATE DATABASE ${database}` });
  for (const [name, query] of Object.entries({ journal, charges })) {
    await clickhouse.command({ query: `CREATE TABLE ${database}.${name} ENGINE = Memory AS ${query}` });
  }
  return sql(database);
}

test('the honest books are the same for SQL and for the console consumer, and so is a copy of them', async () => {
  const stored = await sql();
  expect(stored).toMatchObject({
    chargeRecords: CUSTOMERS * CHARGES_EACH,
    entries: CUSTOMERS * CHARGES_EACH,
  });
  expect(stored.customers.size).toBe(CUSTOMERS);
  expect(differencesOf({ SQL: stored, 'console consumer': read })).toEqual([]);
  expect(differencesOf({ copy: await altered('honest', {}), 'console consumer': read })).toEqual([]);
});

const one = "account_id = 'acct-3' AND entry_id = 'charge:c-4'";
const CASES: readonly (readonly [string, { journal?: string; charges?: string }, readonly RegExp[]])[] = [
  [
    'one posting altered by 1e-12',
    {
      journal: `SELECT * REPLACE (if(${one} AND ledger_account = 'credits', debit + ${UNIT}, debit) AS debit) FROM journal`,
    },
    [/^customers acct-3 USD: /, /^ledger credits USD: /, /^trial USD: SQL -1, console consumer 0$/],
  ],
  [
    'both postings of an entry altered by 1e-12, so that it balances',
    {
      journal: `SELECT * REPLACE (if(${one} AND debit > 0, debit + ${UNIT}, debit) AS debit, if(${one} AND credit > 0, credit + ${UNIT}, credit) AS credit) FROM journal`,
    },
    [/^customers acct-3 USD: /, /^ledger credits USD: /, /^ledger revenue USD: /],
  ],
  [
    'an entry booked on credits in place of the debt',
    {
      journal: `SELECT * REPLACE (if(${one} AND ledger_account = 'credits', 'receivable', ledger_account) AS ledger_account) FROM journal`,
    },
    [/^ledger credits USD: /, /^ledger receivable USD: /],
  ],
  [
    'an entry booked for another customer',
    { journal: `SELECT * REPLACE (if(${one}, 'acct-5', account_id) AS account_id) FROM journal` },
    [/^customers acct-3 USD: /, /^customers acct-5 USD: /, /^entryIds: /],
  ],
  [
    'one posting missing',
    { journal: `SELECT * FROM journal WHERE NOT (${one} AND ledger_account = 'revenue')` },
    [/^ledger revenue USD: /, /^trial USD: /],
  ],
  [
    'one charge missing',
    { charges: "SELECT * FROM charges WHERE NOT (account_id = 'acct-3' AND charge_id = 'c-4')" },
    [/^chargeIds: SQL 239, console consumer 240$/, /^chargeRecords: /, /^charges USD: /],
  ],
  [
    'one charge stored twice',
    {
      charges:
        "SELECT * FROM charges UNION ALL SELECT * FROM charges WHERE account_id = 'acct-3' AND charge_id = 'c-4'",
    },
    [/^chargeRecords: SQL 241, console consumer 240$/, /^charges USD: /],
  ],
];

test.each(CASES.map((row, number) => [...row, number] as const))(
  '%s is found',
  async (_, books, found, number) => {
    const stored = await altered(`altered_${number}`, books);
    const differences = differencesOf({ SQL: stored, 'console consumer': read });
    expect(differences).toHaveLength(found.length);
    for (const [at, pattern] of found.entries()) expect(differences[at]).toMatch(pattern);
  },
);

test('a correction of 1e-12 that reached the log alone is found by the console consumer', async () => {
  const stored = await sql();
  sink.signal('SIGTERM');
  await sink.ended;
  const accountId = parseAccountId('acct-7');
  const unit = parseAmount('0.000000000001');
  const sample = charge({ accountId });
  await append(
    accountId,
    {
      entryId: 'rounding:acct-7/2026-03',
      accountId,
      kind: 'rounding',
      currency: sample.currency,
      postings: [
        { ledgerAccount: 'receivable', side: 'debit', amount: unit, grantId: null },
        { ledgerAccount: 'rounding', side: 'credit', amount: unit, grantId: null },
      ],
      reference: 'acct-7/2026-03',
      occurredAt: sample.occurredAt,
      bookedAt: sample.recordedAt,
      cause: sample.cause,
    },
    null,
  );
  const differences = differencesOf({ SQL: stored, 'console consumer': await consoleRead() });
  expect(differences.map((text) => text.slice(0, text.indexOf(':')))).toEqual([
    'customers acct-7 USD',
    'entries',
    'entryIds',
    'ledger receivable USD',
    'ledger rounding USD',
  ]);
});
