/** The client that feeds the gateway: batches, signature, patience when the gateway is full, and the form of a record. */
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jsonOf, postAll } from '../../../infra/main-job/gateway-client.ts';
import { parseAmount } from '../../../schemas/amount.ts';
import { instantOfMillis } from '../../../schemas/instant.ts';

interface Seen {
  readonly path: string;
  readonly events: number;
  readonly isSigned: boolean;
  readonly authorization: string | undefined;
}

let server: Server;
let url = '';
let seen: Seen[] = [];
let statuses: number[] = [];

beforeEach(async () => {
  seen = [];
  statuses = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { events }: { events: readonly unknown[] } = JSON.parse(body);
    const signature = createHmac('sha256', 'secret').update(body).digest('hex');
    seen.push({
      path: request.url ?? '',
      events: events.length,
      isSigned: request.headers['x-payment-signature'] === signature,
      authorization: request.headers.authorization,
    });
    response.writeHead(statuses.shift() ?? 200).end(JSON.stringify({ accepted: events.length }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function post(count: number): Promise<number> {
  const access = { url, gatewayApiKey: 'key', paymentSecret: 'secret' };
  return postAll(
    access,
    '/v1/payments',
    Array.from({ length: count }, (_, index) => ({ index })),
  );
}

describe('posting', () => {
  test('goes in batches, each with the key and the signature of its body', async () => {
    expect(await post(1_201)).toBe(1_201);
    expect(seen.map(({ events }) => events)).toEqual([500, 500, 201]);
    for (const { path, isSigned, authorization } of seen) {
      expect({ path, isSigned, authorization }).toEqual({
        path: '/v1/payments',
        isSigned: true,
        authorization: 'Bearer key',
      });
    }
  });

  test('of nothing asks nobody', async () => {
    expect([await post(0), seen]).toEqual([0, []]);
  });

  test('waits while the gateway is full and counts each batch once', async () => {
    statuses = [503, 503, 200];
    expect(await post(3)).toBe(3);
    expect(seen.length).toBe(3);
  });

  test('says what the gateway answered when that is no success', async () => {
    statuses = [401];
    await expect(post(1)).rejects.toThrow('the gateway answered 401 to /v1/payments');
  });
});

test('a record goes out with amounts as decimal text and instants as RFC 3339', () => {
  const record = {
    amount: parseAmount('12.5'),
    occurredAt: instantOfMillis(0),
    inputTokens: 7,
    verified: true,
    projectId: null,
    fields: { status: 'closed' },
    grants: [{ expiresAt: instantOfMillis(1), priority: 1 }],
  };
  expect(jsonOf(record)).toEqual({
    amount: '12.5',
    occurredAt: '1970-01-01T00:00:00.000Z',
    inputTokens: 7,
    verified: true,
    projectId: null,
    fields: { status: 'closed' },
    grants: [{ expiresAt: '1970-01-01T00:00:00.001Z', priority: 1 }],
  });
});
