import { afterEach, describe, expect, test } from 'vitest';
import { decodeFramed } from '../../../schemas/codec.ts';
import type { RecordName } from '../../../schemas/generated/record-types.ts';
import { refusalRule } from '../../../schemas/refusals.ts';
import { BODY_BYTES_MAX, buildGateway } from '../../../services/gateway/app.ts';
import { ENDPOINTS, isCopied } from '../../../services/gateway/endpoints.ts';
import { HTTP_PROBLEM_CODES } from '../../../services/gateway/problem-codes.ts';
import { BATCH_RECORDS_MAX } from '../../../services/gateway/read-items.ts';
import { parseGatewaySettings } from '../../../services/gateway/settings.ts';
import type { Fault } from '../../../topology/log-memory-faults.ts';
import { TOPICS } from '../../../topology/topics.ts';
import {
  type Bench,
  type BenchOptions,
  directory,
  KEY,
  NOW,
  openBench,
  post,
  recordsOf,
  signatureOf,
} from './bench.ts';
import { GOOD, type Json } from './good-requests.ts';

const open: Bench[] = [];
afterEach(async () => {
  for (const { app } of open.splice(0)) await app.close();
});

async function bench(options: BenchOptions = {}): Promise<Bench> {
  const opened = await openBench(options);
  open.push(opened);
  return opened;
}

async function valuesOf(log: Bench['log'], topic: keyof typeof TOPICS): Promise<readonly unknown[]> {
  const name: RecordName = TOPICS[topic].record;
  return (await recordsOf(log, topic)).map((record) =>
    decodeFramed(name, record.value ?? Buffer.alloc(0), (id) => directory.writerSchema(id)),
  );
}

const usage = GOOD['/v1/usage'];

describe('an acceptable record', () => {
  test.each(ENDPOINTS)('of $path is in the log when it is answered', async (endpoint) => {
    const { app, log } = await bench();
    const record = Object.entries(GOOD).find(([path]) => path === endpoint.path)?.[1];
    const { status, body } = await post(app, endpoint.path, record);
    expect(status).toBe(202);
    expect(body).toMatchObject({ accepted: 1, rejected: [], records: [{ index: 0, topic: endpoint.topic }] });
    const written = await recordsOf(log, endpoint.topic);
    expect(written).toHaveLength(isCopied(endpoint) ? 4 : 1);
    if (isCopied(endpoint))
      expect(body.records?.[0]).toMatchObject({ partition: null, offset: null, copies: 4 });
    else
      expect(body.records?.[0]).toMatchObject({
        partition: written[0]?.partition,
        offset: written[0]?.offset,
      });
    for (const decoded of await valuesOf(log, endpoint.topic)) expect(decoded).toMatchObject({ ok: true });
  });

  test('has its defaults filled in', async () => {
    const { app, log } = await bench();
    await post(app, '/v1/usage', usage);
    const [decoded] = await valuesOf(log, 'usage-events');
    expect(decoded).toMatchObject({
      value: {
        kind: 'model',
        serviceTier: 'standard',
        calls: 1,
        gpuMillis: 0,
        errorCode: null,
        backfill: false,
      },
    });
  });

  test('keeps decimals exactly, and -0 is 0', async () => {
    const { app, log } = await bench();
    const body = JSON.stringify(GOOD['/v1/outcomes/verifications']).replace('0.93', '0.900000000001');
    await post(app, '/v1/outcomes/verifications', body);
    await post(app, '/v1/outcomes/verifications', body.replace('0.900000000001', '-0'));
    const found = await valuesOf(log, 'outcome-verifications');
    expect(found).toMatchObject([
      {
        value: {
          confidence: 900_000_000_001n,
          fields: { rating: '4.5', status: 'resolved', reopened: 'false' },
        },
      },
      { value: { confidence: 0n } },
    ]);
  });

  test('counts may come as text, and whole numbers in any notation', async () => {
    const { app, log } = await bench();
    const body = JSON.stringify({ ...usage, inputTokens: '1000' }).replace(
      '"latencyMs":850',
      '"latencyMs":1.2e3',
    );
    expect((await post(app, '/v1/usage', body)).status).toBe(202);
    expect(await valuesOf(log, 'usage-events')).toMatchObject([
      { value: { inputTokens: 1_000, latencyMs: 1_200 } },
    ]);
  });

  test('time may be milliseconds; an old use is taken as a marked backfill', async () => {
    const { app } = await bench();
    expect((await post(app, '/v1/usage', { ...usage, occurredAt: NOW })).status).toBe(202);
    const old = { ...usage, occurredAt: '2024-01-01T00:00:00Z', backfill: true };
    expect((await post(app, '/v1/usage', old)).status).toBe(202);
  });

  test('a payment is verified because its signature was, never because its sender says so', async () => {
    const { app, log } = await bench();
    await post(app, '/v1/payments', GOOD['/v1/payments']);
    expect(await valuesOf(log, 'payment-events')).toMatchObject([
      { value: { verified: true, amount: 250_000_000_000_000n } },
    ]);
  });

  test('a large price book is written in parts, all in one transaction', async () => {
    const { app, log } = await bench();
    const prices = Array.from({ length: 1_500 }, (_, at) => ({
      provider: 'provider',
      model: `model-${at}`,
      rates: [{ tokenClass: 'input', pricePerToken: '0.000001' }],
    }));
    const reply = await post(app, '/v1/price-books', { ...GOOD['/v1/price-books'], prices });
    const parts = reply.body.records ?? [];
    expect(reply.body).toMatchObject({ accepted: 1 });
    expect(parts.length).toBeGreaterThan(1);
    expect(new Set(parts.map(({ index }) => index))).toEqual(new Set([0]));
    expect(await recordsOf(log, 'price-books')).toHaveLength(4 * parts.length);
  });
});

describe('a batch', () => {
  test.each([
    ['an array', (records: readonly Json[]): unknown => records],
    ['an object of events', (records: readonly Json[]): unknown => ({ events: records })],
  ])('as %s: the good are taken and the bad named by index', async (_, wrap) => {
    const { app, log } = await bench();
    const records = [
      usage,
      { ...usage, costCentre: '' },
      { ...usage, requestId: 'req-3' },
      { ...usage, x: 1 },
    ];
    const { status, body } = await post(app, '/v1/usage', wrap(records));
    expect(status).toBe(202);
    expect(body.accepted).toBe(2);
    expect(body.records?.map(({ index, id }) => [index, id])).toEqual([
      [0, 'req-1'],
      [2, 'req-3'],
    ]);
    expect(body.rejected?.map(({ index, field, code }) => [index, field, code])).toEqual([
      [1, 'costCentre', 'missing_tag'],
      [3, 'x', 'unknown_field'],
    ]);
    expect(await recordsOf(log, 'usage-events')).toHaveLength(2);
  });

  test('without an acceptable record is 422', async () => {
    const { app } = await bench();
    const { status, body } = await post(app, '/v1/usage', [{}, { ...usage, status: '' }]);
    expect(status).toBe(422);
    expect(new Set(body.error?.details.map(({ index }) => index))).toEqual(new Set([0, 1]));
  });

  test('of the greatest size is taken and one more is not', async () => {
    const { app } = await bench();
    const records = Array.from({ length: BATCH_RECORDS_MAX }, (_, at) => ({
      ...usage,
      requestId: `r-${at}`,
    }));
    expect((await post(app, '/v1/usage', records)).body.accepted).toBe(BATCH_RECORDS_MAX);
    const { status, body } = await post(app, '/v1/usage', [...records, usage]);
    expect([status, body.error?.code]).toEqual([413, 'payload_too_large']);
  });
});

describe('CloudEvents in structured mode', () => {
  const { requestId, occurredAt, accountId, ...data } = usage;
  const event = {
    specversion: '1.0',
    id: requestId,
    source: '/my-service',
    type: 'com.example.use',
    time: occurredAt,
    subject: accountId,
    data,
  };
  const type = { 'content-type': 'application/cloudevents+json; charset=utf-8' };

  test('the envelope fills what the data leaves out', async () => {
    const { app, log } = await bench();
    const { status } = await post(app, '/v1/usage', event, type);
    expect(status).toBe(202);
    expect(await valuesOf(log, 'usage-events')).toMatchObject([
      { value: { requestId: 'req-1', accountId: 'acme', sourceId: '/my-service', inputTokens: 1_000 } },
    ]);
  });

  test('come in batches', async () => {
    const { app } = await bench();
    const { body } = await post(app, '/v1/usage', [event, { ...event, id: '' }, { ...event, id: 'req-2' }], {
      'content-type': 'application/cloudevents-batch+json',
    });
    expect(body.accepted).toBe(2);
    expect(body.rejected).toMatchObject([{ index: 1, field: 'id', code: 'cloud_event_invalid' }]);
  });

  test.each<readonly [string, unknown, string]>([
    ['an array for one event', [event], ''],
    ['no source', { ...event, source: undefined }, 'source'],
    ['another version', { ...event, specversion: '0.3' }, 'specversion'],
    ['data that is text', { ...event, data: 'x' }, 'data'],
    ['data in another type', { ...event, datacontenttype: 'application/xml' }, 'datacontenttype'],
    ['an id that differs from the data', { ...event, data: { ...data, requestId: 'other' } }, 'id'],
  ])('%s is refused', async (_, body, field) => {
    const { app } = await bench();
    const reply = await post(app, '/v1/usage', body, type);
    expect(reply.status).toBe(422);
    expect(reply.body.error?.details).toMatchObject([{ field, code: 'cloud_event_invalid' }]);
  });

  test('are for usage only', async () => {
    const { app } = await bench();
    expect((await post(app, '/v1/accounts', event, type)).status).toBe(415);
  });
});

describe('a body that cannot be read', () => {
  test.each<readonly [string, string | Buffer, number, string]>([
    ['no JSON', '{"a":', 400, 'json_malformed'],
    ['NaN', JSON.stringify(usage).replace('850', 'NaN'), 400, 'json_malformed'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'json_malformed'],
    ['an empty body', '', 400, 'json_malformed'],
    ['nesting without end', '['.repeat(100), 400, 'json_too_deep'],
    ['a key that changes prototypes', '{"__proto__":{"a":1}}', 400, 'json_forbidden_key'],
    ['a number', '7', 400, 'body_shape'],
    ['null', 'null', 400, 'body_shape'],
    ['events that are no array', '{"events":{}}', 400, 'body_shape'],
    ['events beside other fields', '{"events":[],"dryRun":true}', 400, 'body_shape'],
    ['no events', '{"events":[]}', 400, 'batch_empty'],
    ['an empty array', '[]', 400, 'batch_empty'],
    ['more than 5 MB', `"${'x'.repeat(BODY_BYTES_MAX)}"`, 413, 'payload_too_large'],
  ])('%s', async (_, body, status, code) => {
    const { app } = await bench();
    const reply = await post(app, '/v1/usage', body);
    expect([reply.status, reply.body.error?.code]).toEqual([status, code]);
    expect(reply.body.error?.wayOut).not.toBe('');
  });

  test.each<readonly [string, Record<string, string | undefined>]>([
    ['text', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['no media type', { 'content-type': undefined }],
    ['a compressed body', { 'content-encoding': 'gzip' }],
  ])('%s is 415', async (_, headers) => {
    const { app } = await bench();
    const reply = await post(app, '/v1/usage', JSON.stringify(usage), headers);
    expect([reply.status, reply.body.error?.code]).toEqual([415, 'media_type_unsupported']);
  });

  test('an unknown path and an unknown method are 404', async () => {
    const { app } = await bench();
    expect((await post(app, '/v1/unknown', usage)).body.error?.code).toBe('not_found');
    const got = await app.inject({ method: 'GET', url: '/v1/usage' });
    expect([got.statusCode, got.json().error.code]).toEqual([404, 'not_found']);
  });
});

describe('keys and signatures', () => {
  test.each<readonly [string, Record<string, string | undefined>, number, string | undefined]>([
    ['no key', { authorization: undefined }, 401, 'api_key_missing'],
    ['another scheme', { authorization: `Basic ${KEY}` }, 401, 'api_key_missing'],
    ['a wrong key', { authorization: 'Bearer wrong' }, 401, 'api_key_invalid'],
    ['the beginning of a key', { authorization: `Bearer ${KEY.slice(0, -1)}` }, 401, 'api_key_invalid'],
    ['a key in x-api-key', { authorization: undefined, 'x-api-key': KEY }, 202, undefined],
    ['another valid key', { authorization: 'bearer another-key-of-the-tests' }, 202, undefined],
  ])('%s', async (_, headers, status, code) => {
    const { app, log } = await bench();
    const reply = await post(app, '/v1/usage', usage, headers);
    expect([reply.status, reply.body.error?.code]).toEqual([status, code]);
    expect(await recordsOf(log, 'usage-events')).toHaveLength(status === 202 ? 1 : 0);
  });

  test('a body without a key is not even read', async () => {
    const { app } = await bench();
    const reply = await post(app, '/v1/usage', 'x'.repeat(BODY_BYTES_MAX + 1), { authorization: undefined });
    expect(reply.status).toBe(401);
  });

  const payment = JSON.stringify(GOOD['/v1/payments']);

  test.each<readonly [string, string | undefined]>([
    ['no signature', undefined],
    ['an empty one', ''],
    ['half of one', signatureOf(payment).slice(0, 32)],
    ['that of another body', signatureOf(`${payment} `)],
    ['no hex', 'z'.repeat(64)],
  ])('a payment with %s is 401 and nothing is written', async (_, signature) => {
    const { app, log } = await bench();
    const reply = await post(app, '/v1/payments', payment, { 'x-payment-signature': signature });
    expect([reply.status, reply.body.error?.code]).toEqual([401, 'signature_invalid']);
    expect(await recordsOf(log, 'payment-events')).toEqual([]);
  });

  test('a signature may name its method', async () => {
    const { app } = await bench();
    const headers = { 'x-payment-signature': `sha256=${signatureOf(payment)}` };
    expect((await post(app, '/v1/payments', payment, headers)).status).toBe(202);
  });

  test('a provider that cannot be asked is 503', async () => {
    const { publisher } = await bench();
    const verifier = { verify: () => Promise.reject(new Error('no route')) };
    const app = buildGateway({ publisher, now: () => NOW, keys: [KEY], verifier });
    expect((await post(app, '/v1/payments', payment)).status).toBe(503);
    await app.close();
  });
});

describe('trouble behind the gateway', () => {
  test.each<readonly [Fault, string]>([
    ['fail_before', 'unavailable'],
    ['fail_after', 'unknown_outcome'],
  ])('%s is 503 with a pause, and the next request works', async (fault, code) => {
    const faults: Fault[] = [fault];
    const { app } = await bench({
      faults: ({ at }) => (at === 'append' ? (faults.shift() ?? 'none') : 'none'),
    });
    const reply = await post(app, '/v1/usage', usage);
    expect([reply.status, reply.body.error?.code]).toEqual([503, code]);
    expect(reply.headers['retry-after']).toBe('1');
    expect((await post(app, '/v1/usage', usage)).status).toBe(202);
  });

  test('above the held maximum requests are told to come back', async () => {
    const { app, log } = await bench({ heldRecordsMax: 2 });
    const batch = [1, 2, 3].map((at) => ({ ...usage, requestId: `r-${at}` }));
    const reply = await post(app, '/v1/usage', batch);
    expect([reply.status, reply.body.error?.code]).toEqual([503, 'overloaded']);
    expect(reply.headers['retry-after']).toBe('1');
    expect(await recordsOf(log, 'usage-events')).toEqual([]);
  });

  test('more reference data than one transaction holds is 413', async () => {
    const { app } = await bench();
    const definition = GOOD['/v1/outcome-definitions'];
    const many = Array.from({ length: 501 }, (_, at) => ({ ...definition, version: at + 1 }));
    const reply = await post(app, '/v1/outcome-definitions', many);
    expect([reply.status, reply.body.error?.code]).toEqual([413, 'record_too_large']);
  });

  test('a record that the services would not take for its size is refused with their code and field', async () => {
    const { app } = await bench();
    const values = Array.from({ length: 200 }, () => 'x'.repeat(1_000));
    const leaf = { operator: 'in', field: 'f', values };
    const criteria = { operator: 'or', children: [leaf, leaf, leaf, leaf, leaf] };
    const reply = await post(app, '/v1/outcome-definitions', {
      ...GOOD['/v1/outcome-definitions'],
      criteria,
    });
    expect(reply.status).toBe(422);
    expect(reply.body.error?.details).toMatchObject([{ code: 'too_large', field: 'criteria' }]);
  });

  test('while stopping, 503', async () => {
    const { app, publisher } = await bench();
    await publisher.close();
    expect((await post(app, '/v1/usage', usage)).body.error?.code).toBe('closed');
  });

  test('a mistake of ours is 500 without its text', async () => {
    const { publisher } = await bench();
    const broken = {
      held: 0,
      publish: () => Promise.reject(new Error('secret')),
      publishCopies: publisher.publishCopies,
    };
    const verifier = { verify: async () => 'confirmed' as const };
    const app = buildGateway({ publisher: broken, now: () => NOW, keys: [KEY], verifier });
    const reply = await post(app, '/v1/usage', usage);
    expect([reply.status, reply.body.error?.code]).toEqual([500, 'internal']);
    expect(JSON.stringify(reply.body)).not.toContain('secret');
    await app.close();
  });
});

describe('health and metrics', () => {
  test('need no key', async () => {
    const { app } = await bench();
    expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await app.inject('/readyz')).statusCode).toBe(200);
  });

  test('readiness follows the log', async () => {
    const { app } = await bench({ isReady: async () => false });
    expect((await app.inject('/readyz')).statusCode).toBe(503);
    expect((await app.inject('/healthz')).statusCode).toBe(200);
  });

  test('count requests, records and complaints by code', async () => {
    const { app } = await bench();
    await post(app, '/v1/usage', [usage, { ...usage, costCentre: '' }]);
    await post(app, '/v1/usage', { ...usage, kind: '?' });
    const text = (await app.inject('/metrics')).body;
    expect(text).toContain('gateway_requests_total{path="/v1/usage",status="202"} 1');
    expect(text).toContain('gateway_requests_total{path="/v1/usage",status="422"} 1');
    expect(text).toContain('gateway_records_accepted_total{topic="usage-events"} 1');
    expect(text).toContain('gateway_records_refused_total{topic="usage-events",code="missing_tag"} 1');
    expect(text).toContain('gateway_records_refused_total{topic="usage-events",code="invalid_kind"} 1');
    expect(text).toContain('gateway_publish_ms_count{topic="usage-events"} 1');
    expect(text).toContain('gateway_records_held 0');
  });
});

describe('settings', () => {
  const good = {
    KAFKA_BROKERS: '127.0.0.1:9092',
    SCHEMA_REGISTRY_URL: 'http://127.0.0.1:8081',
    GATEWAY_API_KEYS: `${KEY}, another-key-of-the-tests`,
    PAYMENT_WEBHOOK_SECRET: 'a-secret-of-the-provider',
  };

  test('have defaults that listen on this machine only', () => {
    expect(parseGatewaySettings(good)).toMatchObject({
      GATEWAY_HOST: '127.0.0.1',
      GATEWAY_PORT: 8080,
      GATEWAY_API_KEYS: [KEY, 'another-key-of-the-tests'],
    });
  });

  test('are complained of all at once', () => {
    const bad = { GATEWAY_PORT: '70000', GATEWAY_API_KEYS: 'short', PAYMENT_WEBHOOK_SECRET: 'x' };
    for (const name of ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', ...Object.keys(bad)]) {
      expect(() => parseGatewaySettings(bad)).toThrow(name);
    }
  });
});

test('no code of the gateway has another meaning among the refusals', () => {
  expect(HTTP_PROBLEM_CODES.filter((code) => refusalRule(code) !== undefined)).toEqual([]);
});
