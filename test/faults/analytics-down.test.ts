/**
 * ClickHouse is killed in mid-insert, stays away while records arrive, is frozen, and dies together with the sink. When
 * it is back, SQL and Kafka's console consumer must add up the same. A broker that is away for a while does not end the sink.
 *
 * A sink that is killed alone is in test/integration/analytics-sink.test.ts.
 */
import { createClient } from '@clickhouse/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { backlogOf } from '../../infra/analytics/catch-up.ts';
import { waitUntil } from '../../infra/embedded/wait.ts';
import { applyAnalyticsSchema } from '../../services/analytics-sink/schema.ts';
import { drained } from '../support/exactly-once.ts';
import { Feed, type OwnBroker, startOwnBroker } from '../support/own-broker.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';
import { differencesOf } from './readers/compare-totals.ts';
import { consoleTotals, sqlTotals } from './readers/foreign-audit.ts';

const USES = 2_500;
const WAIT = { timeoutMs: 90_000 };
const CONSOLE_IDLE_MS = 8_000;
const TEST_TIMEOUT_MS = 240_000;

let broker: OwnBroker;
let feed: Feed;
const running: ServiceProcess[] = [];

beforeAll(async () => {
  broker = await startOwnBroker({ clickhouse: true });
  feed = await Feed.open(broker);
  const client = createClient({ url: broker.stack.clickhouseUrl, ...broker.stack.clickhouseWriter });
  await applyAnalyticsSchema(client);
  await client.close();
});

afterAll(async () => {
  await feed?.close();
  await broker?.stop();
});

afterEach(async () => {
  for (const process of running) process.signal('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
});

async function start(name: string): Promise<ServiceProcess> {
  const { clickhouseUrl, clickhouseWriter } = broker.stack;
  const started = startServiceProcess(name, {
    ...broker.env,
    CLICKHOUSE_URL: clickhouseUrl,
    CLICKHOUSE_USER: clickhouseWriter.username,
    CLICKHOUSE_PASSWORD: clickhouseWriter.password,
    LEDGER_SINK_BLOCK_ROWS: '300',
    LEDGER_SINK_LINGER_MS: '50',
  });
  running.push(started);
  await started.ready();
  return started;
}

function sql() {
  return sqlTotals({ url: broker.stack.clickhouseUrl, ...broker.stack.clickhouseWriter });
}

/** Resolves when rows arrived that were not there at the call: inserts are under way. */
async function inserting(): Promise<void> {
  const before = (await sql()).chargeRecords;
  expect(await waitUntil(async () => (await sql()).chargeRecords > before, { ...WAIT, intervalMs: 5 })).toBe(
    true,
  );
}

async function troubled(sink: ServiceProcess): Promise<void> {
  const length = sink.output().length;
  const says = async (): Promise<boolean> => sink.output().slice(length).includes('trouble while inserting');
  expect(await waitUntil(says, WAIT)).toBe(true);
}

async function caughtUp(): Promise<void> {
  const client = createClient({ url: broker.stack.clickhouseUrl, ...broker.stack.clickhouseWriter });
  const isEmpty = async (): Promise<boolean> =>
    (await backlogOf(client, broker.log, ['charges'])).length === 0;
  expect(await waitUntil(isEmpty, WAIT)).toBe(true);
  await client.close();
}

test('ClickHouse killed, away, frozen and killed with the sink: each record is stored once', {
  timeout: TEST_TIMEOUT_MS,
}, async () => {
  const { clickhouse } = broker.stack.parts;
  await start('rating');
  const first = await start('analytics-sink');

  const arriving = inserting();
  await feed.send(USES);
  await arriving;
  const noticed = troubled(first);
  await clickhouse.kill('SIGKILL');
  await Promise.all([noticed, feed.send(USES)]);
  await drained(broker);
  await clickhouse.restart();
  await inserting();

  const { pid } = clickhouse;
  if (pid === null) throw new Error('ClickHouse does not run');
  process.kill(pid, 'SIGSTOP');
  await feed.send(USES);
  await drained(broker);
  process.kill(pid, 'SIGCONT');
  await inserting();

  const sending = feed.send(USES);
  await Promise.all([clickhouse.kill('SIGKILL'), first.signal('SIGKILL'), sending]);
  await clickhouse.restart();
  const second = await start('analytics-sink');
  const { kafka } = broker.stack.parts;
  await kafka.kill('SIGKILL');
  await kafka.restart();
  await feed.send(USES);
  await drained(broker);
  await caughtUp();

  const { kafkaBrokers: brokers, schemaRegistryUrl } = broker.stack;
  const stored = await sql();
  const read = await consoleTotals({ brokers, schemaRegistryUrl, idleMs: CONSOLE_IDLE_MS });
  expect(differencesOf({ SQL: stored, 'console consumer': read })).toEqual([]);
  expect(stored.chargeRecords).toBe(stored.chargeIds);
  expect(stored.chargeRecords).toBeGreaterThanOrEqual(feed.sent.get('accepted'));
  second.signal('SIGTERM');
  expect(await second.ended).toBe(0);
});
