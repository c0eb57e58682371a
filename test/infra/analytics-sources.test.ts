/**
 * Loss is visible, on the real analytics engine: a record that was dropped is exactly that gap, and the gap closes when
 * the record arrives late. Sets of numbers drawn at random are compared with a count by hand.
 */
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { backlogOf } from '../../infra/analytics/catch-up.ts';
import { select } from '../../infra/analytics/select.ts';
import { type Ask, gapsOf, ingestDelay, ingestDelays, sourceNumbers } from '../../infra/analytics/sources.ts';
import type { CostEvent } from '../../schemas/generated/cost-event.ts';
import type { Refusal } from '../../schemas/generated/refusal.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { applyAnalyticsSchema } from '../../services/analytics-sink/schema.ts';
import { runSink, SINK_LIMITS } from '../../services/analytics-sink/sink.ts';
import { ClickHouseStore } from '../../services/analytics-sink/store-clickhouse.ts';
import type { MemoryLog } from '../../topology/log-memory.ts';
import { type Endpoint, startEndpoint } from '../contract/clickhouse-endpoint-support.ts';
import { directory, outgoing, routes, sinkLog } from '../services/analytics-sink/sink-log.ts';
import { costEvent, MID_MONTH } from '../services/analytics-sink/sink-records.ts';

const DAY_MS = 86_400_000;
// Each test starts sinks, and a sink waits before it writes.
vi.setConfig({ testTimeout: 60_000 });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let endpoint: Endpoint;
let databases = 0;

function connect(database: string) {
  return createClient({
    url: endpoint.url,
    ...endpoint.writer,
    database,
    request_timeout: 20_000,
    log: { level: ClickHouseLogLevel.OFF },
  });
}

/** A database with the schema, a log, and a sink that is run until it has everything. */
async function newWorld() {
  databases += 1;
  const database = `sources_${databases}`;
  const admin = connect('default');
  await admin.command({ query: `CREATE DATABASE ${database}` });
  await admin.close();
  const client = connect(database);
  await applyAnalyticsSchema(client);
  const clock = { now: MID_MONTH };
  const log = await sinkLog(() => clock.now, 2);
  const ask: Ask = (selection) => select(client, selection);
  return { client, clock, log, ask, catchUp: () => catchUp(log, database) };
}

async function catchUp(log: MemoryLog, database: string): Promise<void> {
  const client = connect(database);
  const store = new ClickHouseStore({
    client,
    sinkId: `sink-${database}-${performance.now()}`,
    pause,
    nowMs: () => performance.now(),
    fenceMs: 10,
  });
  const stopping = new AbortController();
  const limits = { ...SINK_LIMITS, lingerMs: 5, restFactor: 0, restMsMax: 0, fetchWaitMs: 5 };
  const observer = { onReady: () => undefined, onInserted: () => undefined, onTrouble: () => undefined };
  const nowMs = () => performance.now();
  const done = runSink({ log, store, directory, routes, limits, nowMs, pause, observer }, stopping.signal);
  const topics = routes.map(({ topic }) => topic);
  const asking = connect(database);
  while ((await backlogOf(asking, log, topics)).length > 0) await pause(20);
  stopping.abort();
  await done;
  await Promise.all([store.close(), asking.close()]);
}

function use(sourceId: string, sourceSequence: number, change: Partial<CostEvent> = {}) {
  const place = { topic: 'cost-events', partition: sourceSequence % 2 };
  return outgoing(
    place,
    'CostEvent',
    costEvent(sourceSequence % 1_000, { sourceId, sourceSequence, ...change }),
  );
}

function refusal(sourceId: string, sourceSequence: number) {
  const value: Refusal = {
    service: 'rating',
    code: 'duplicate',
    field: 'requestId',
    message: 'again',
    transient: false,
    accountId: 'acct-1',
    recordId: 'req-1',
    originTopic: 'usage-events',
    originPartition: 0,
    originOffset: sourceSequence,
    recordedAt: instantOfMillis(MID_MONTH),
    sourceId,
    sourceSequence,
  };
  return outgoing({ topic: 'rating-rejected', partition: sourceSequence % 2 }, 'Refusal', value);
}

beforeAll(async () => {
  endpoint = await startEndpoint();
}, 60_000);

afterAll(async () => {
  await endpoint?.remove();
});

describe('a producer of a hundred uses', () => {
  test('whose 17th was dropped has exactly that gap, until it arrives late', async () => {
    const { client, log, ask, catchUp } = await newWorld();
    const sends = Array.from({ length: 100 }, (_, index) => use('svc-1', index + 1));
    await log.append(sends.filter((_, index) => index !== 16));
    await catchUp();
    expect(await sourceNumbers(ask)).toEqual([
      { sourceId: 'svc-1', first: 1, last: 100, received: 99, missing: 1, lastDay: '2026-03-15' },
    ]);
    expect(await gapsOf(ask, 'svc-1', 10)).toEqual({ ranges: [[17, 17]], count: 1 });

    await log.append(sends.slice(16, 17));
    await catchUp();
    expect(await sourceNumbers(ask)).toMatchObject([{ received: 100, missing: 0 }]);
    expect(await gapsOf(ask, 'svc-1', 10)).toEqual({ ranges: [], count: 0 });
    await client.close();
  });

  test('received are refused uses too, repeated numbers once, and unnumbered uses belong to nobody', async () => {
    const { client, log, ask, catchUp } = await newWorld();
    await log.append([
      use('svc-1', 1),
      refusal('svc-1', 2),
      refusal('svc-1', 1),
      use('svc-1', 4),
      use('svc-1', 4, { amends: 'cost-4' }),
      refusal('only-refused', 3),
      use('unnumbered', 0, { sourceSequence: null }),
      use('', 9, { sourceId: null }),
    ]);
    await catchUp();
    expect(await sourceNumbers(ask)).toMatchObject([
      { sourceId: 'only-refused', first: 3, last: 3, received: 1, missing: 2 },
      { sourceId: 'svc-1', first: 1, last: 4, received: 3, missing: 1 },
    ]);
    expect(await gapsOf(ask, 'only-refused', 1)).toEqual({ ranges: [[1, 2]], count: 1 });
    expect(await gapsOf(ask, 'svc-1', 1)).toEqual({ ranges: [[3, 3]], count: 1 });
    await client.close();
  });
});

test('any numbers, in any order, from any day: counts and gaps are those counted by hand', async () => {
  const { client, clock, log, ask, catchUp } = await newWorld();
  const huge = 2 ** 53 - 2;
  const numbers = fc.uniqueArray(fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(huge)), {
    minLength: 1,
    maxLength: 80,
  });
  const drawn = fc.sample(numbers, { numRuns: 25, seed: 20_260_315 });
  for (const [index, sequences] of drawn.entries()) {
    clock.now = MID_MONTH + (index % 3) * DAY_MS;
    const recordedAt = instantOfMillis(clock.now);
    await log.append(
      sequences.map((each, at) =>
        at % 3 === 0 ? refusal(`s-${index}`, each) : use(`s-${index}`, each, { recordedAt }),
      ),
    );
  }
  await catchUp();
  const found = new Map((await sourceNumbers(ask)).map((source) => [source.sourceId, source]));
  for (const [index, sequences] of drawn.entries()) {
    const last = Math.max(...sequences);
    const received = sequences.length;
    const source = found.get(`s-${index}`);
    expect(source).toMatchObject({ first: Math.min(...sequences), last, received, missing: last - received });
    const gaps = gapsByHand(sequences);
    expect(await gapsOf(ask, `s-${index}`, 3)).toEqual({ ranges: gaps.slice(0, 3), count: gaps.length });
  }
  await client.close();
});

function gapsByHand(sequences: readonly number[]): readonly (readonly [number, number])[] {
  const sorted = [...sequences].sort((a, b) => a - b);
  return sorted.flatMap((each, index): readonly [number, number][] => {
    const previous = sorted[index - 1] ?? 0;
    return each === previous + 1 ? [] : [[previous + 1, each - 1]];
  });
}

test('the delay goes from sent to appended; a clock ahead counts as 0, a use without an instant is not timed', async () => {
  const { client, clock, log, ask, catchUp } = await newWorld();
  const at = (day: number, delayMs: number | null): Partial<CostEvent> => ({
    recordedAt: instantOfMillis(MID_MONTH + day * DAY_MS),
    sentAt: delayMs === null ? null : instantOfMillis(MID_MONTH + day * DAY_MS - delayMs),
  });
  const delaysMs = Array.from({ length: 100 }, (_, index) => index + 1);
  await log.append(delaysMs.map((delay) => use('svc-1', delay, at(0, delay))));
  await log.append([
    use('svc-2', 1, at(0, -40)),
    use('svc-2', 2, at(0, null)),
    use('svc-2', 2, { ...at(0, 9_000), amends: 'x' }),
  ]);
  clock.now = MID_MONTH + DAY_MS;
  await log.append([use('svc-3', 1, at(1, 900))]);
  await catchUp();
  expect(await ingestDelays(ask)).toMatchObject([
    { sourceId: 'svc-1', uses: 100, timed: 100, ahead: 0, p50Ms: 51, p95Ms: 96, p99Ms: 100 },
    { sourceId: 'svc-2', uses: 2, timed: 1, ahead: 1, p50Ms: 0 },
    { sourceId: 'svc-3', uses: 1, timed: 1, p95Ms: 900 },
  ]);
  expect(await ingestDelay(ask)).toMatchObject({ uses: 103, timed: 102, ahead: 1 });
  expect(await ingestDelay(ask, '2026-03-16')).toMatchObject({ uses: 1, timed: 1, p95Ms: 900 });
  expect(await ingestDelay(ask, '2026-03-17')).toMatchObject({ uses: 0, timed: 0, p95Ms: null });
  // The numbers of a source are those of its whole life; the day says which sources are looked at.
  expect((await sourceNumbers(ask, '2026-03-16')).map(({ sourceId }) => sourceId)).toEqual(['svc-3']);
  await client.close();
});
