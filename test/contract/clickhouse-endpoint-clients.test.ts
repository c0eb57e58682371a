/** The endpoint as real clients see it: @clickhouse/client, curl, Grafana's first question, and clickhouse-connect. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, type Endpoint, startEndpoint } from './clickhouse-endpoint-support.ts';

let endpoint: Endpoint;
let reader: ClickHouseClient;
let writer: ClickHouseClient;
const log = { level: ClickHouseLogLevel.OFF };
const startLimitMs = 60_000;
const pythonLimitMs = 60_000;

beforeAll(async () => {
  endpoint = await startEndpoint();
  reader = createClient({ url: endpoint.url, log });
  writer = createClient({ url: endpoint.url, log, ...endpoint.writer });
}, startLimitMs);

afterAll(async () => {
  await reader.close();
  await writer.close();
  await endpoint.remove();
});

describe('@clickhouse/client', () => {
  test('pings in both ways', async () => {
    expect(await reader.ping()).toEqual({ success: true });
    expect(await reader.ping({ select: true })).toEqual({ success: true });
  });

  test('creates, inserts with columns, and reads back exact decimals', async () => {
    await writer.command({
      query: 'CREATE TABLE t (id UInt64, amount Decimal(38, 12), note String) ENGINE = MergeTree ORDER BY id',
    });
    const values = Array.from({ length: 500 }, (_, at) => ({
      id: String(at),
      amount: '12345678901234567890.000000000001',
      note: `ä\t${at}`,
    }));
    const { summary } = await writer.insert({
      table: 't',
      values,
      format: 'JSONEachRow',
      columns: ['id', 'amount', 'note'],
    });
    expect(summary?.written_rows).toBe('500');
    const result = await reader.query({
      query: 'SELECT id, amount, note FROM t WHERE id = {id:UInt64}',
      query_params: { id: 7 },
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([
      { id: '7', amount: '12345678901234567890.000000000001', note: 'ä\t7' },
    ]);
  });

  test('streams rows and reads compressed answers', async () => {
    const compressed = createClient({ url: endpoint.url, compression: { response: true, request: true } });
    const result = await compressed.query({
      query: 'SELECT number FROM numbers(20000)',
      format: 'JSONEachRow',
    });
    let rows = 0;
    for await (const chunk of result.stream()) rows += chunk.length;
    expect(rows).toBe(20_000);
    await compressed.close();
  });

  test('gets typed errors, and a reader cannot write', async () => {
    await expect(reader.query({ query: 'SELECT * FROM nosuch' })).rejects.toMatchObject({
      code: '60',
      type: 'UNKNOWN_TABLE',
    });
    await expect(reader.command({ query: 'DROP TABLE t' })).rejects.toMatchObject({
      code: '164',
      type: 'READONLY',
    });
    await expect(
      reader.insert({ table: 't', values: [{ id: 1 }], format: 'JSONEachRow' }),
    ).rejects.toMatchObject({ code: '164' });
    const stranger = createClient({ url: endpoint.url, username: 'sink', password: 'guess', log });
    await expect(stranger.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '516' });
    await stranger.close();
  });
});

describe('curl', () => {
  const curl = (...args: string[]): string =>
    spawnSync('curl', ['-sS', ...args], { encoding: 'utf8' }).stdout;

  test.each([
    { what: 'a statement as form data', args: () => ['-d', 'SELECT 1+1', endpoint.url], out: '2\n' },
    { what: 'a statement in the URL', args: () => [`${endpoint.url}/?query=SELECT%203`], out: '3\n' },
    { what: 'a user in the URL', args: () => [`${endpoint.url}/?user=reader&query=SELECT%203`], out: '3\n' },
    {
      what: 'credentials',
      args: () => [
        '-u',
        `sink:${endpoint.writer.password}`,
        '-d',
        "SELECT currentUser() != ''",
        endpoint.url,
      ],
      out: '1\n',
    },
    {
      what: 'a parameter',
      args: () => [`${endpoint.url}/?param_n=5`, '-d', 'SELECT {n:UInt8} * 2'],
      out: '10\n',
    },
    { what: 'ping', args: () => [`${endpoint.url}/ping`], out: 'Ok.\n' },
    {
      what: 'the status of an error',
      args: () => ['-o', '/dev/null', '-w', '%{http_code}', '-d', 'SELEC', endpoint.url],
      out: '400',
    },
    {
      what: 'two requests on one connection',
      args: () => ['-w', '%{num_connects}', '-d', 'SELECT 1', endpoint.url, endpoint.url],
      out: '1\n11\n0',
    },
  ])('$what', ({ args, out }) => {
    expect(curl(...args())).toBe(out);
  });
});

test("Grafana's first question gets an answer in the revision its client offers, naming revision 0", async () => {
  const answer = await fetch(
    `${endpoint.url}/?default_format=Native&client_protocol_version=54460&database=default`,
    {
      method: 'POST',
      body: 'SELECT displayName(), version(), revision(), timezone()',
    },
  );
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(bytes.subarray(0, 10).toString('hex')).toBe('010002ffffffff000401');
  expect(bytes.includes(Buffer.from('\x0arevision()\x06UInt32\x00\x00\x00\x00\x00', 'latin1'))).toBe(true);
  expect(bytes.subarray(-4).toString()).toBe('\x03UTC');
  const plain = await ask(endpoint, { sql: 'SELECT displayName(), version(), revision(), timezone()' });
  expect(plain.text.split('\t')[2]).not.toBe('0');
});

const python = process.env.LEDGER_TEST_PYTHON ?? 'python3';
const hasClient = spawnSync(python, ['-c', 'import clickhouse_connect'], { encoding: 'utf8' }).status === 0;

test.skipIf(!hasClient)(
  'clickhouse-connect (skipped where Python has no clickhouse_connect; LEDGER_TEST_PYTHON names another Python)',
  () => {
    const script = join(import.meta.dirname, 'clickhouse-endpoint-python.py');
    const run = spawnSync(python, [script, String(endpoint.port), endpoint.writer.password], {
      encoding: 'utf8',
      timeout: pythonLimitMs,
    });
    expect(run.stdout, run.stderr).toMatch(/^ok /);
  },
  pythonLimitMs,
);
