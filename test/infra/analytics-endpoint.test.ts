/**
 * The sink and the analytics queries against the embedded engine, over its HTTP interface.
 *
 * The log is in memory, so that a test may stop the sink wherever it likes; the endpoint is a process of its own, so
 * that it may be killed.
 */
import { join } from 'node:path';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backlogOf } from '../../infra/analytics/catch-up.ts';
import { explainRequest } from '../../infra/analytics/explain.ts';
import { qualityBy, spendBy, topRequests } from '../../infra/analytics/queries.ts';
import { ledgerTotals, suspectRecords } from '../../infra/analytics/totals.ts';
import { DIMENSIONS } from '../../infra/analytics/usage-filter.ts';
import { startClickhouse } from '../../infra/embedded/clickhouse.ts';
import { formatAmount } from '../../schemas/amount.ts';
import type { RecordName } from '../../schemas/generated/record-types.ts';
import { typeOfRecord } from '../../schemas/record-type.ts';
import { OpenBlock } from '../../services/analytics-sink/block.ts';
import { applyAnalyticsSchema, planAnalyticsSchema } from '../../services/analytics-sink/schema.ts';
import { runSink, SINK_LIMITS } from '../../services/analytics-sink/sink.ts';
import { StoreError } from '../../services/analytics-sink/store.ts';
import { ClickHouseStore } from '../../services/analytics-sink/store-clickhouse.ts';
import type { Log } from '../../topology/log.ts';
import { type Endpoint, startEndpoint } from '../contract/clickhouse-endpoint-support.ts';
import { recordArbitrary } from '../schemas/record-arbitrary.ts';
import { directory, logRecord, outgoing, routes, sinkLog } from '../services/analytics-sink/sink-log.ts';
import {
  chargeFor,
  costEvent,
  journalEntry,
  MID_MONTH,
  units,
} from '../services/analytics-sink/sink-records.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let sinks = 0;
let endpoint: Endpoint;
let client: ReturnType<typeof connect>;

function connect(as: 'writer' | 'reader' = 'writer', database = 'default') {
  const credentials = as === 'writer' ? endpoint.writer : { username: 'reader', password: '' };
  return createClient({
    url: endpoint.url,
    ...credentials,
    database,
    request_timeout: 20_000,
    log: { level: ClickHouseLogLevel.OFF },
  });
}

function storeIn(database: string, as: 'writer' | 'reader' = 'writer'): ClickHouseStore {
  sinks += 1;
  return new ClickHouseStore({
    client: connect(as, database),
    sinkId: `sink-${sinks}`,
    pause,
    nowMs: () => performance.now(),
    fenceMs: 50,
  });
}

async function freshDatabase(name: string): Promise<ReturnType<typeof connect>> {
  await client.command({ query: `CREATE DATABASE ${name}` });
  const own = connect('writer', name);
  await applyAnalyticsSchema(own);
  return own;
}

async function rowsOf(query: string, from = client): Promise<readonly Record<string, unknown>[]> {
  const result = await from.query({ query, format: 'JSONEachRow' });
  return result.json<Record<string, unknown>>();
}

function startSink(log: Log, store: ClickHouseStore, limits: Partial<typeof SINK_LIMITS> = {}) {
  const stopping = new AbortController();
  let inserted = 0;
  let ready = false;
  const done = closingAfter(
    store,
    runSink(
      {
        log,
        store,
        directory,
        routes,
        limits: {
          ...SINK_LIMITS,
          lingerMs: 5,
          restFactor: 0,
          restMsMax: 0,
          fetchWaitMs: 5,
          retryPauseMaxMs: 200,
          ...limits,
        },
        nowMs: () => performance.now(),
        pause,
        observer: {
          onReady: () => {
            ready = true;
          },
          onInserted: (block) => {
            inserted += block.records;
          },
          onTrouble: () => undefined,
        },
      },
      stopping.signal,
    ),
  );
  return { stop: () => stopping.abort(), done, inserted: () => inserted, isReady: () => ready };
}

async function closingAfter(store: ClickHouseStore, run: Promise<void>): Promise<void> {
  try {
    await run;
  } finally {
    await store.close();
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await condition()) return;
    await pause(20);
  }
  throw new Error('the condition never held');
}

beforeAll(async () => {
  endpoint = await startEndpoint();
  client = connect();
  await applyAnalyticsSchema(client);
}, 60_000);

afterAll(async () => {
  await client?.close();
  await endpoint?.remove();
});

describe('the schema', () => {
  it('is planned, applied once, and applied again without a change', async () => {
    await client.command({ query: 'CREATE DATABASE schema_test' });
    const own = connect('writer', 'schema_test');
    const planned = await planAnalyticsSchema(own);
    expect(planned.length).toBeGreaterThan(15);
    expect(await applyAnalyticsSchema(own)).toEqual(planned);
    expect(await applyAnalyticsSchema(own)).toEqual([]);
    expect(await planAnalyticsSchema(own)).toEqual([]);
    await own.close();
  });

  it('refuses to go on when an applied table was changed', async () => {
    const own = await freshDatabase('schema_changed');
    await own.insert({
      table: 'schema_migrations',
      columns: ['name', 'checksum'],
      values: [{ name: '0001_usage', checksum: 'other' }],
      format: 'JSONEachRow',
    });
    await expect(applyAnalyticsSchema(own)).rejects.toThrow('0001_usage was changed after it was applied');
    await own.close();
  });

  it('has every column that the sink writes, and no other without a default', async () => {
    for (const route of routes) {
      const columns = await rowsOf(
        `SELECT name, default_kind FROM system.columns WHERE database = 'default' AND table = '${route.table}'`,
      );
      const given = columns.filter((column) => column['default_kind'] === '').map((column) => column['name']);
      expect([...route.columns].sort(), route.topic).toEqual(given.sort());
    }
  });
});

describe('rows of every record type', () => {
  const cases: readonly (readonly [topic: string, record: RecordName])[] = [
    ['charges', 'Charge'],
    ['outcome-decisions', 'OutcomeDecision'],
    ['invoices', 'Invoice'],
    ['invoice-rollups', 'InvoiceRollup'],
    ['balances', 'Balance'],
    ['rating-rejected', 'Refusal'],
    ['credit-balances-rejected', 'DeadLetter'],
    ['rating-steps', 'Step'],
    ['cost-events', 'CostEvent'],
  ];
  it.each(cases)('%s takes any %s', async (topic, record) => {
    const route = routes.find((candidate) => candidate.topic === topic);
    if (route === undefined) throw new Error(topic);
    const type = typeOfRecord(record);
    const values = fc.sample(recordArbitrary(record), { numRuns: 60, seed: 7 });
    const records = values.map((value, offset) => {
      const header = Buffer.alloc(5);
      header.writeUInt32BE(directory.idOf(record), 1);
      return logRecord({ topic, offset }, Buffer.concat([header, type.toBuffer(positive(value))]));
    });
    const [first] = records;
    if (first === undefined) throw new Error('no records');
    const open = new OpenBlock(route, first, 0);
    for (const each of records) open.add(each);
    const block = open.seal();
    if (block === null) throw new Error('no rows');
    const store = storeIn('default');
    await store.settle();
    await store.insert(block);
    await store.insert(block);
    expect(await store.holds(block)).toBe(true);
    await store.close();
    const [stored] = await rowsOf(
      `SELECT count() AS count, uniqExact(_offset) AS offsets FROM ${route.table} WHERE _topic = '${topic}'`,
    );
    expect(stored).toEqual({ count: String(records.length), offsets: String(records.length) });
  });

  it('gives hostile texts back unchanged', async () => {
    const own = await freshDatabase('hostile');
    const texts = ['a\tb\nc\\d\r\0e', "'; DROP TABLE usage; --", '发票🙂', '\\N', '', 'ü\u2028\u0001'];
    const log = await sinkLog(() => MID_MONTH, 1);
    await log.append(
      texts.map((text, index) =>
        outgoing({ topic: 'cost-events', partition: 0 }, 'CostEvent', {
          ...costEvent(index),
          sessionId: text,
          useCase: text,
          components: [{ tokenClass: text, quantity: 1, unitPrice: units(1n), amount: units(-1n) }],
        }),
      ),
    );
    const sink = startSink(log, storeIn('hostile'));
    await until(() => sink.inserted() === texts.length);
    sink.stop();
    await sink.done;
    const rows = await rowsOf(
      'SELECT session_id, use_case, component_token_classes, component_amounts FROM usage ORDER BY _offset',
      own,
    );
    expect(rows).toEqual(
      texts.map((text) => ({
        session_id: text,
        use_case: text,
        component_token_classes: [text],
        component_amounts: ['-0.000000000001'],
      })),
    );
    await own.close();
  });
});

describe('the sink', () => {
  it('stores each record once over restarts and a killed server, with equal sums', async () => {
    const own = await freshDatabase('restarts');
    const log = await sinkLog(() => MID_MONTH, 2);
    const total = 600;
    let cost = 0n;
    for (let index = 0; index < total; index += 2) {
      const partition = (index / 2) % 2;
      const uses = [index, index + 1].map((each) => costEvent(each));
      for (const use of uses) cost += use.amount;
      const records = uses.map((use) => outgoing({ topic: 'cost-events', partition }, 'CostEvent', use));
      const entry = outgoing(
        { topic: 'journal', partition },
        'JournalEntry',
        journalEntry(index, BigInt(index)),
      );
      const transactor = await log.transactor(`cost-attribution-${partition}`);
      await transactor.commit({ records: [...records, entry], groupPositions: null });
    }
    for (const goal of [40, 120, 200]) {
      const sink = startSink(log, storeIn('restarts'), { blockRowsMax: 17 });
      await until(() => sink.inserted() >= goal);
      if (goal === 120) {
        await killEndpointAndStartAgain();
      }
      sink.stop();
      await sink.done;
    }
    await own.close();
    const again = connect('writer', 'restarts');
    const sink = startSink(log, storeIn('restarts'));
    await until(async () => (await backlogOf(again, log, ['cost-events', 'journal'])).length === 0);
    sink.stop();
    await sink.done;
    const totals = await ledgerTotals(again);
    expect(totals.usage).toEqual({ rows: total, firsts: total, requests: total });
    expect(totals.cost).toEqual([{ currency: 'USD', count: total, amount: formatAmount(units(cost)) }]);
    expect(totals.trialBalance).toMatchObject([{ entries: total / 2, difference: '0' }]);
    expect(await suspectRecords(again)).toEqual({ doubled: [], unbalanced: [] });
    await again.close();
  }, 90_000);

  it('stops when another sink has started', async () => {
    const own = await freshDatabase('two_sinks');
    const log = await sinkLog(() => MID_MONTH, 1);
    const append = (index: number) =>
      log.append([outgoing({ topic: 'cost-events', partition: 0 }, 'CostEvent', costEvent(index))]);
    const older = startSink(log, storeIn('two_sinks'));
    await append(0);
    await until(() => older.inserted() === 1);
    const newer = startSink(log, storeIn('two_sinks'));
    await until(() => newer.isReady());
    await append(1);
    await expect(older.done).rejects.toThrow('has started; this one');
    await until(() => newer.inserted() === 1);
    newer.stop();
    await newer.done;
    expect(await rowsOf('SELECT _offset FROM usage ORDER BY _offset', own)).toEqual([
      { _offset: '0' },
      { _offset: '1' },
    ]);
    await own.close();
  });

  it('is refused by the server when a block would touch two months, and by its rights when it reads only', async () => {
    const [route] = routes;
    if (route === undefined) throw new Error('no routes');
    const records = [MID_MONTH, MID_MONTH + 30 * 86_400_000].map((appendedAt, offset) => {
      const { value } = outgoing({ topic: 'cost-events', partition: 0 }, 'CostEvent', costEvent(offset));
      return logRecord({ topic: 'cost-events', offset, appendedAt }, value);
    });
    const [first] = records;
    if (first === undefined) throw new Error('no records');
    const open = new OpenBlock(route, first, 0);
    for (const record of records) open.add(record);
    const block = open.seal();
    if (block === null) throw new Error('no rows');
    const own = await freshDatabase('months');
    const store = storeIn('months');
    await store.settle();
    await expect(store.insert(block)).rejects.toThrow(/Too many partitions/);
    await store.close();
    const readers = storeIn('months', 'reader');
    await expect(readers.insert(block)).rejects.toThrow(StoreError);
    await readers.close();
    expect(await rowsOf('SELECT count() AS count FROM usage', own)).toEqual([{ count: '0' }]);
    await own.close();
  });
});

describe('the questions of analysts', () => {
  beforeAll(async () => {
    const own = await freshDatabase('questions');
    const log = await sinkLog(() => MID_MONTH, 1);
    const uses = Array.from({ length: 200 }, (_, index) => costEvent(index));
    const suspense = costEvent(200, { costStatus: 'suspense', amount: units(0n), components: [] });
    const completed = costEvent(200, { costEventId: 'completed', amends: 'cost-200', amount: units(7n) });
    const charge = chargeFor(completed);
    const booked = { ...journalEntry(1, 7n), accountId: completed.accountId, reference: charge.chargeId };
    await log.append([
      ...[...uses, suspense, completed].map((use) =>
        outgoing({ topic: 'cost-events', partition: 0 }, 'CostEvent', use),
      ),
      outgoing({ topic: 'charges', partition: 0 }, 'Charge', charge),
      outgoing({ topic: 'journal', partition: 0 }, 'JournalEntry', booked),
    ]);
    const sink = startSink(log, storeIn('questions'));
    await until(() => sink.inserted() === 204);
    sink.stop();
    await sink.done;
    await own.close();
  }, 60_000);

  it('counts a completed use once and adds its cost', async () => {
    const reader = connect('reader', 'questions');
    const [row] = await spendBy(reader, { by: [] });
    const expected = Array.from({ length: 200 }, (_, index) => costEvent(index).amount).reduce(
      (sum: bigint, amount) => sum + amount,
      7n,
    );
    expect(row).toMatchObject({ uses: 201, cost: formatAmount(units(expected)), currency: 'USD', keys: {} });
    await reader.close();
  });

  it('groups by every dimension and by all of them, with filters that are never SQL', async () => {
    const reader = connect('reader', 'questions');
    for (const dimension of DIMENSIONS) {
      const spend = await spendBy(reader, { by: [dimension] });
      const quality = await qualityBy(reader, { by: [dimension] });
      expect(
        spend.reduce((sum, row) => sum + row.uses, 0),
        dimension,
      ).toBe(201);
      expect(
        quality.reduce((sum, row) => sum + row.uses, 0),
        dimension,
      ).toBe(201);
      expect(spend.every((row) => typeof row.keys[dimension] === 'string')).toBe(true);
    }
    expect((await spendBy(reader, { by: DIMENSIONS })).length).toBeGreaterThan(20);
    const hostile = ["' OR 1=1 --", '\\', "x'y\n"];
    expect(await spendBy(reader, { by: ['day'], filter: { only: { model: hostile } } })).toEqual([]);
    const filter = {
      fromDay: '2026-03-15',
      toDay: '2026-03-16',
      only: { model: ['model-1'], account: ['acct-1'] },
    };
    const requests = await topRequests(reader, { filter, order: 'dearest', limit: 3 });
    expect(requests.map((request) => request.requestId)).toEqual(['req-197', 'req-169', 'req-141']);
    await reader.close();
  });

  it('answers rates and percentiles the same way twice', async () => {
    const reader = connect('reader', 'questions');
    const [first] = await qualityBy(reader, { by: [] });
    expect(first).toMatchObject({ uses: 201, p50Ms: 200, p99Ms: 298 });
    expect(first?.errorRate).toBeCloseTo(21 / 201);
    expect(first?.cacheHitRate).toBeCloseTo(101 / 201);
    expect(await qualityBy(reader, { by: [] })).toEqual([first]);
    await reader.close();
  });

  it('explains one request down to the places in the log', async () => {
    const reader = connect('reader', 'questions');
    const explained = await explainRequest(reader, { requestId: 'req-200' });
    expect(explained.uses.map((use) => [use.costStatus, use.amends, use.place])).toEqual([
      ['suspense', '', ['cost-events', 0, 200]],
      ['priced', 'cost-200', ['cost-events', 0, 201]],
    ]);
    expect(explained.uses[1]?.components[0]).toEqual(['input', 300, '0.000001', '0.000200000001']);
    expect(explained.charges).toMatchObject([{ chargeId: 'charge-req-200', amount: '0.000000000007' }]);
    expect(explained.postings.map((leg) => [leg.ledgerAccount, leg.debit, leg.credit, leg.place])).toEqual([
      ['customer-credits', '0.000000000007', '0', ['journal', 0, 0]],
      ['revenue', '0', '0.000000000007', ['journal', 0, 0]],
    ]);
    expect(explained).toMatchObject({ invoices: [], rejections: [] });
    expect(await explainRequest(reader, { requestId: 'req-200', accountId: 'acct-0' })).toMatchObject({
      uses: [],
      charges: [],
    });
    await reader.close();
  });

  it('is answered from the projections', async () => {
    const reader = connect('reader', 'questions');
    const explain = async (query: string): Promise<string> => {
      const result = await reader.query({ query: `EXPLAIN ${query}`, format: 'TabSeparatedRaw' });
      return result.text();
    };
    expect(
      await explain("SELECT day, sum(cost) FROM v_spend_daily WHERE account_id = 'acct-1' GROUP BY day"),
    ).toMatch(/\(by_model\)/);
    expect(await explain('SELECT * FROM v_latency_daily')).toMatch(/\(by_model\)/);
    expect(
      await explain(
        "SELECT api_key_id, sum(amount), sum(is_use) FROM usage WHERE use_case = 'x' GROUP BY api_key_id",
      ),
    ).toMatch(/\(by_key\)/);
    expect(await explain('SELECT * FROM v_trial_balance')).toMatch(/\(by_ledger_account\)/);
    expect(await explain('SELECT _partition, max(_offset) FROM usage GROUP BY _partition')).toMatch(
      /\(ingest\)/,
    );
    await reader.close();
  });
});

async function killEndpointAndStartAgain(): Promise<void> {
  const { port, stateDir, writer } = endpoint;
  await endpoint.process.kill('SIGKILL');
  const process = await startClickhouse({
    dataDir: join(stateDir, 'clickhouse'),
    logFile: join(stateDir, 'clickhouse.log'),
    port,
    writer,
  });
  endpoint = { ...endpoint, process, remove: () => process.stop() };
}

/** Offsets, partitions and counts are never negative in our records; the generator does not know that. */
function positive(value: unknown): unknown {
  if (typeof value === 'number') return Math.abs(value) % 60_000;
  if (Array.isArray(value)) return value.map(positive);
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, positive(part)]));
}
