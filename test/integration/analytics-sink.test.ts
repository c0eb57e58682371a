/**
 * The sink as a process of its own, on a real broker, registry and analytics server: killed in the middle and started
 * again, it stores each record once. Other suites may have written to the same topics, so the truth is the log itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { backlogOf } from '../../infra/analytics/catch-up.ts';
import { ledgerTotals, suspectRecords } from '../../infra/analytics/totals.ts';
import { formatAmount } from '../../schemas/amount.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import { applyRegistration } from '../../schemas/register.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import { connectSchemaDirectory } from '../../schemas/schema-directory-registry.ts';
import { applyAnalyticsSchema } from '../../services/analytics-sink/schema.ts';
import { openKafkaLog } from '../../topology/log-kafka.ts';
import { routes } from '../services/analytics-sink/sink-log.ts';
import { costEvent, journalEntry, units } from '../services/analytics-sink/sink-records.ts';

const PARTITIONS = 2;
const USES = 20_000;
const PER_TRANSACTION = 200;
const DATABASE = 'sink_process';
const SUBJECTS = [
  { subject: 'cost-events-value', recordName: 'CostEvent' },
  { subject: 'journal-value', recordName: 'JournalEntry' },
] as const;
const topics = routes.map((route) => route.topic);

const log = openKafkaLog({
  brokers: inject('kafkaBrokers').split(','),
  clientId: 'analytics-sink-test',
  requestTimeoutMs: 30_000,
});

function connect(database: string) {
  return createClient({
    url: inject('clickhouseUrl'),
    username: inject('clickhouseUser'),
    password: inject('clickhousePassword'),
    database,
    log: { level: ClickHouseLogLevel.OFF },
  });
}

const client = connect(DATABASE);
const children = new Set<ChildProcess>();

async function startSink(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join('services', 'analytics-sink', 'main.ts')], {
    env: {
      ...process.env,
      KAFKA_BROKERS: inject('kafkaBrokers'),
      SCHEMA_REGISTRY_URL: inject('schemaRegistryUrl'),
      CLICKHOUSE_URL: inject('clickhouseUrl'),
      CLICKHOUSE_USER: inject('clickhouseUser'),
      CLICKHOUSE_PASSWORD: inject('clickhousePassword'),
      CLICKHOUSE_DATABASE: DATABASE,
      LEDGER_SINK_BLOCK_ROWS: '700',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const message: unknown = JSON.parse(line);
    if (typeof message !== 'object' || message === null) continue;
    if ('ready' in message) break;
  }
  child.stdout.resume();
  return child;
}

async function stored(): Promise<number> {
  const { usage } = await ledgerTotals(client);
  return usage.rows;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 900; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the condition never held');
}

async function makeTopics(): Promise<void> {
  const described = await log.admin.describeTopics(topics);
  const missing = topics.filter((topic) => (described.get(topic) ?? null) === null);
  await log.admin.createTopics(
    missing.map((name) => ({
      name,
      partitions: PARTITIONS,
      replicationFactor: 1,
      config: { 'message.timestamp.type': 'LogAppendTime' },
    })),
  );
}

/** Writes uses and entries in transactions, so that markers leave gaps; returns what the uses cost. */
async function writeUses(directory: SchemaDirectory): Promise<bigint> {
  const transactor = await log.transactor('analytics-sink-test', { timeoutMs: 30_000 });
  let cost = 0n;
  for (let first = 0; first < USES; first += PER_TRANSACTION) {
    const partition = (first / PER_TRANSACTION) % PARTITIONS;
    const uses = Array.from({ length: PER_TRANSACTION }, (_, index) => costEvent(first + index));
    for (const use of uses) cost += use.amount;
    const records = uses.map((use) => ({
      topic: 'cost-events',
      partition,
      key: Buffer.from(use.accountId),
      value: encodeFramed('CostEvent', use, directory.idOf('CostEvent')),
    }));
    const value = encodeFramed('JournalEntry', journalEntry(first, 9n), directory.idOf('JournalEntry'));
    records.push({ topic: 'journal', partition, key: Buffer.from('acct-1'), value });
    await transactor.commit({ records, groupPositions: null });
  }
  await transactor.close();
  return cost;
}

beforeAll(async () => {
  await applyRegistration(inject('schemaRegistryUrl'), SUBJECTS);
  await makeTopics();
  const admin = connect('default');
  await admin.command({ query: `CREATE DATABASE IF NOT EXISTS ${DATABASE}` });
  await admin.close();
  await applyAnalyticsSchema(client);
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await client.close();
  await log.close();
});

describe('the sink as a process', () => {
  it('stores each record once although it is killed between blocks', async () => {
    const directory = await connectSchemaDirectory(inject('schemaRegistryUrl'), SUBJECTS);
    const before = await startSink();
    await until(async () => (await backlogOf(client, log, topics)).length === 0);
    const base = await ledgerTotals(client);
    const writing = writeUses(directory);
    let sink = before;
    for (const share of [0.2, 0.5]) {
      await until(async () => (await stored()) - base.usage.rows >= USES * share);
      const gone = once(sink, 'exit');
      sink.kill('SIGKILL');
      await gone;
      sink = await startSink();
    }
    const cost = await writing;
    await until(async () => (await backlogOf(client, log, topics)).length === 0);
    const gone = once(sink, 'exit');
    sink.kill('SIGTERM');
    expect(await gone).toEqual([0, null]);

    const totals = await ledgerTotals(client);
    expect(totals.usage.rows - base.usage.rows).toBe(USES);
    if (base.usage.rows === 0) {
      const amount = formatAmount(units(cost));
      expect(totals.cost).toEqual([{ currency: 'USD', count: USES, amount }]);
    }
    expect(totals.trialBalance).toMatchObject([{ difference: '0' }]);
    expect(await suspectRecords(client)).toEqual({ doubled: [], unbalanced: [] });
  });
});
