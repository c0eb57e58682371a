/** Each path: what it answers, what it asks the port, and which parameters it refuses. */
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { ENDPOINTS } from '../../../services/console/endpoints.ts';
import { type FakePort, fakePort, HOSTILE, openConsole } from './fake-port.ts';

let port: FakePort = fakePort();
let app: FastifyInstance = openConsole(port);
beforeEach(() => {
  port = fakePort();
  app = openConsole(port);
});
afterAll(() => app.close());

async function get(url: string) {
  const response = await app.inject({ method: 'GET', url });
  return { status: response.statusCode, headers: response.headers, body: response.json() };
}

const day = 'day=2026-03-10';
const wanted = `${day}&account=acme&provider=openai&model=gpt-4.1`;
const fromTo = (from: string, after: string) => ({ fromDay: from, toDay: after });

/** A good address, the question that the port is asked, and what stands in the answer. */
const ROWS: readonly (readonly [url: string, asked: object | null, answer: object])[] = [
  ['/api/proof', null, { failed: 0, writtenAt: '2026-03-12T12:00:00.000Z' }],
  [
    '/api/spend',
    {
      name: 'spendBy',
      question: {
        by: ['day', 'provider', 'model'],
        filter: fromTo('2026-01-10', '2026-03-13'),
        limit: 10_000,
      },
    },
    { from: '2026-01-10', to: '2026-03-12', newestDay: '2026-03-12', isCut: false },
  ],
  [
    '/api/spend?from=2026-03-01&to=2026-03-01',
    {
      name: 'spendBy',
      question: {
        by: ['day', 'provider', 'model'],
        filter: fromTo('2026-03-01', '2026-03-02'),
        limit: 10_000,
      },
    },
    { from: '2026-03-01', to: '2026-03-01' },
  ],
  ['/api/spend?from=2026-04-01', null, { from: '2026-04-01', to: '2026-04-01' }],
  [
    '/api/quality?to=2024-03-01',
    {
      name: 'qualityBy',
      question: { by: ['provider', 'model'], filter: fromTo('2023-12-31', '2024-03-02'), limit: 10_000 },
    },
    {
      rows: [
        {
          provider: 'openai',
          model: 'gpt-4.1',
          uses: 6,
          p50Ms: 100,
          p95Ms: 900,
          p99Ms: 1_500,
          errorRate: 0.125,
          cacheHitRate: null,
        },
      ],
    },
  ],
  [
    `/api/accounts?${day}`,
    {
      name: 'spendBy',
      question: {
        by: ['account'],
        filter: { ...fromTo('2026-03-10', '2026-03-11'), only: {} },
        limit: 10_000,
      },
    },
    { rows: [expect.objectContaining({ account: HOSTILE, cost: '1.000000000001' }), expect.anything()] },
  ],
  [
    `/api/models?${day}&account=${encodeURIComponent(HOSTILE)}`,
    {
      name: 'spendBy',
      question: {
        by: ['provider', 'model'],
        filter: { ...fromTo('2026-03-10', '2026-03-11'), only: { account: [HOSTILE] } },
        limit: 10_000,
      },
    },
    { rows: [expect.objectContaining({ provider: 'openai', model: 'gpt-4.1', currency: 'USD' })] },
  ],
  [
    `/api/requests?${wanted}&order=slowest&limit=2`,
    {
      name: 'requests',
      question: {
        day: '2026-03-10',
        account: 'acme',
        provider: 'openai',
        model: 'gpt-4.1',
        order: 'slowest',
        limit: 3,
      },
    },
    {
      isCut: true,
      rows: [expect.objectContaining({ requestId: 'req-1', cost: '0.000600000007' }), expect.anything()],
    },
  ],
  [`/api/requests?${day}&account=acme&provider=&model=`, null, { isCut: true }],
  [
    '/api/request?request=req-1&account=acme',
    { name: 'explainRequest', question: { requestId: 'req-1', accountId: 'acme' } },
    {
      rejections: [
        expect.objectContaining({ code: 'conflict', wayOut: expect.stringContaining('id of its own') }),
      ],
    },
  ],
  ['/api/request?request=req-1', { name: 'explainRequest', question: { requestId: 'req-1' } }, {}],
  [
    '/api/balances?currency=USD&account=acme&limit=1000',
    { name: 'balances', question: { currency: 'USD', account: 'acme', limit: 1_000 } },
    {
      rows: [expect.objectContaining({ overdraft: '12.000000000001' })],
      totals: [expect.objectContaining({ overdrawn: 1 })],
    },
  ],
  [
    '/api/invoices?status=issued',
    { name: 'invoices', question: { status: 'issued', limit: 20 } },
    {
      rows: [expect.objectContaining({ exactTotal: '693.005' })],
      totals: [expect.anything(), expect.anything()],
    },
  ],
  [
    '/api/ledger-accounts',
    { name: 'ledgerAccounts', question: null },
    { rows: [expect.objectContaining({ debits: '9.000000000001' }), expect.anything()] },
  ],
  [
    '/api/rejected',
    { name: 'rejectedCounts', question: null },
    {
      rows: [
        expect.objectContaining({ code: 'conflict', count: 3, isTransient: false }),
        expect.objectContaining({ code: 'undecodable', kind: 'dead_letter', wayOut: expect.any(String) }),
        expect.objectContaining({
          code: 'of_a_later_version',
          meaning: null,
          wayOut: null,
          isTransient: null,
        }),
      ],
    },
  ],
  [
    '/api/rejected-records?service=rating&code=conflict&limit=500',
    { name: 'rejectedRecords', question: { service: 'rating', code: 'conflict', limit: 500 } },
    {
      wayOut: expect.stringContaining('id of its own'),
      rows: [expect.objectContaining({ message: HOSTILE })],
    },
  ],
];

describe('answers', () => {
  test.each(ROWS)('%s', async (url, asked, answer) => {
    const { status, headers, body } = await get(url);
    expect(body).toMatchObject(answer);
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    if (asked !== null) expect(port.asked).toContainEqual(asked);
  });

  test('every path has a row', () => {
    const tried = new Set(ROWS.map(([url]) => url.split('?')[0]));
    expect(ENDPOINTS.map(({ path }) => path).filter((path) => !tried.has(path))).toEqual([]);
  });

  test('a ledger in which nothing was used yet has an empty chart', async () => {
    const empty = openConsole({ ...port, newestDay: async () => null });
    for (const path of ['/api/spend', '/api/quality']) {
      const { body } = await empty.inject(path).then((response) => ({ body: response.json() }));
      expect(body).toEqual({ from: null, to: null, newestDay: null, rows: [], isCut: false });
    }
  });
});

/** A bad address and the parameters that the answer names. */
const REFUSED: readonly (readonly [url: string, ...parameters: readonly string[]])[] = [
  ['/api/proof?x=1', 'x'],
  ['/api/spend?from=yesterday', 'from'],
  ['/api/spend?from=2026-02-30', 'from'],
  ['/api/spend?from=1969-12-31', 'from'],
  ['/api/spend?to=2149-06-06', 'to'],
  ['/api/spend?from=2026-03-02&to=2026-03-01', 'to'],
  ['/api/spend?from=2025-01-01&to=2026-03-01', 'to'],
  ['/api/spend?from=2026-03-01&from=2026-03-02', 'from'],
  ['/api/spend?from=2026-03-01;DROP%20TABLE%20usage', 'from'],
  ['/api/quality?days=3&model=x', 'days', 'model'],
  ['/api/accounts', 'day'],
  ['/api/accounts?day=', 'day'],
  ['/api/accounts?day=2026-03-10&account=acme', 'account'],
  [`/api/models?${day}`, 'account'],
  [`/api/models?${day}&account=`, 'account'],
  [`/api/models?${day}&account=${'x'.repeat(1_025)}`, 'account'],
  [`/api/requests?${day}&account=acme`, 'provider', 'model'],
  [`/api/requests?${wanted}&order=cost%20DESC`, 'order'],
  [`/api/requests?${wanted}&limit=0`, 'limit'],
  [`/api/requests?${wanted}&limit=1001`, 'limit'],
  [`/api/requests?${wanted}&limit=1e3`, 'limit'],
  [`/api/requests?${wanted}&limit=-1`, 'limit'],
  ['/api/request', 'request'],
  ['/api/request?request=', 'request'],
  ['/api/request?request=a&account=', 'account'],
  ['/api/balances?currency=usd', 'currency'],
  ['/api/balances?currency[]=USD', 'currency[]'],
  ['/api/balances?limit=x', 'limit'],
  ['/api/invoices?status=', 'status'],
  ['/api/invoices?limit=99999999', 'limit'],
  ['/api/ledger-accounts?currency=USD', 'currency'],
  ['/api/rejected?service=rating', 'service'],
  ['/api/rejected-records?service=rating', 'code'],
  ['/api/rejected-records?service=rating&code=x&limit=501', 'limit'],
];

describe('parameters', () => {
  test.each(REFUSED)('%s', async (url, ...parameters) => {
    const { status, body } = await get(url);
    expect(body.error).toMatchObject({
      code: 'parameter_invalid',
      wayOut: expect.stringContaining('details'),
    });
    expect(new Set(body.error.details.map(({ parameter }: { parameter: string }) => parameter))).toEqual(
      new Set(parameters),
    );
    expect(status).toBe(400);
    expect(port.asked).toEqual([]);
  });
});
