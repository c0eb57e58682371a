/** What the console says when it has no answer, what it lets nobody do, and how it reads the proof. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, describe, expect, test } from 'vitest';
import { PROBLEM_CODES, Problem, type ProblemCode } from '../../../services/console/problem.ts';
import { proofFile } from '../../../services/console/proof-file.ts';
import { QueryFailure, type QueryTrouble } from '../../../services/console/query-port.ts';
import { clickhouseQueryPort } from '../../../services/console/query-port-clickhouse.ts';
import { parseConsoleSettings } from '../../../services/console/settings.ts';
import { fakePort, openConsole, PROOF } from './fake-port.ts';

const folder = mkdtempSync(join(tmpdir(), 'console-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('trouble with ClickHouse', () => {
  const ROWS: readonly (readonly [QueryTrouble, number])[] = [
    ['analytics_unavailable', 503],
    ['analytics_not_ready', 503],
    ['analytics_too_heavy', 503],
    ['analytics_denied', 502],
    ['analytics_failed', 502],
  ];
  test.each(ROWS)('%s is %i, says what to do, and is over when it is over', async (trouble, status) => {
    const port = fakePort();
    const app = openConsole(port);
    port.failure = new QueryFailure(trouble, new Error('a secret of the server'));
    for (const path of ['/api/spend', '/api/rejected', '/readyz']) {
      const response = await app.inject(path);
      expect(response.statusCode).toBe(status);
      expect(response.json().error).toMatchObject({ code: trouble, wayOut: expect.stringMatching(/.{10}/) });
      expect(response.body).not.toContain('secret');
      expect(response.headers['retry-after']).toBe(status === 503 ? '2' : undefined);
    }
    expect((await app.inject('/api/proof')).statusCode).toBe(200);
    expect((await app.inject('/healthz')).statusCode).toBe(200);
    port.failure = null;
    expect((await app.inject('/api/spend')).statusCode).toBe(200);
    expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready' });
  });

  test('a mistake of ours is internal and tells nothing', async () => {
    const port = fakePort();
    port.failure = new TypeError('undefined is not a row');
    const response = await openConsole(port).inject('/api/rejected');
    expect(response.statusCode).toBe(500);
    expect(response.json().error.code).toBe('internal');
    expect(response.body).not.toContain('undefined is not');
  });

  test('a server that does not listen is unavailable', async () => {
    const client = createClient({
      url: 'http://127.0.0.1:1',
      request_timeout: 2_000,
      log: { level: ClickHouseLogLevel.OFF },
    });
    const failure = await clickhouseQueryPort(client)
      .newestDay()
      .catch((error: unknown) => error);
    await client.close();
    expect(failure).toMatchObject({ name: 'QueryFailure', trouble: 'analytics_unavailable' });
  });
});

describe('what nobody can do', () => {
  test('paths that do not exist, methods that change, and files beside the page', async () => {
    const app = openConsole(fakePort());
    const tried: readonly (readonly ['GET' | 'POST' | 'DELETE', string])[] = [
      ['GET', '/api/nothing'],
      ['GET', '/../app.ts'],
      ['GET', '/%2e%2e/main.ts'],
      ['GET', '/page/main.js'],
      ['POST', '/api/proof'],
      ['DELETE', '/api/invoices'],
    ];
    for (const [method, url] of tried) {
      const response = await app.inject({ method, url });
      expect([method, url, response.statusCode, response.json().error.code]).toEqual([
        method,
        url,
        404,
        'not_found',
      ]);
    }
  });

  test.each([
    ['127.0.0.1:8081', 200],
    ['localhost:8081', 200],
    ['[::1]:8081', 200],
    ['192.168.1.7', 200],
    ['ledger.example', 200],
    ['rebound.example', 403],
    ['localhost.rebound.example:8081', 403],
  ])('opened as %s: %i', async (host, status) => {
    const response = await openConsole(fakePort()).inject({ url: '/api/proof', headers: { host } });
    expect(response.statusCode).toBe(status);
    if (status === 403) expect(response.json().error.code).toBe('host_refused');
  });

  test('the page comes with the rules that keep it to this server', async () => {
    const app = openConsole(fakePort());
    const types = {
      '/': 'text/html',
      '/main.js': 'text/javascript',
      '/style.css': 'text/css',
      '/icon.svg': 'image/svg+xml',
    };
    for (const [path, type] of Object.entries(types)) {
      const { statusCode, headers, body } = await app.inject(path);
      expect(statusCode).toBe(200);
      expect(headers['content-type']).toContain(type);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    }
  });
});

describe('a request that nobody knows', () => {
  test('is 404 with advice', async () => {
    const response = await openConsole(fakePort()).inject('/api/request?request=req-unknown');
    expect(response.statusCode).toBe(404);
    expect(response.json().error.code).toBe('request_unknown');
  });
});

describe('the proof', () => {
  const file = join(folder, 'proof.json');
  const read = (path: string | undefined) => openConsole(fakePort(), proofFile(path)).inject('/api/proof');

  test('is shown as it was written, with its time', async () => {
    const { writtenAt: _, ...written } = PROOF;
    writeFileSync(file, JSON.stringify({ ...written, run: { ...written.run, job: { plan: {} } } }));
    utimesSync(file, 1_773_316_800, 1_773_316_800);
    const response = await read(file);
    expect(response.json()).toEqual(PROOF);
  });

  test('a run of another shape does not hide the checks', async () => {
    const { run: _, writtenAt: __, ...written } = PROOF;
    writeFileSync(file, JSON.stringify({ ...written, run: 'later' }));
    expect((await read(file)).json().checks).toHaveLength(2);
  });

  test('missing, not named, half written, or something else', async () => {
    const missing = [await read(undefined), await read(join(folder, 'absent.json'))];
    expect(missing.map((response) => [response.statusCode, response.json().error.code])).toEqual([
      [404, 'proof_missing'],
      [404, 'proof_missing'],
    ]);
    for (const text of ['{"checks":[', '{"checks":"all"}', '']) {
      writeFileSync(file, text);
      const response = await read(file);
      expect([response.statusCode, response.json().error.code]).toEqual([503, 'proof_unreadable']);
    }
    expect((await read(folder)).json().error.code).toBe('proof_unreadable');
  });
});

describe('settings', () => {
  const url = { CLICKHOUSE_URL: 'http://127.0.0.1:8123' };

  test('have defaults, and an empty variable is not given', () => {
    const settings = parseConsoleSettings({
      ...url,
      CLICKHOUSE_USER: '',
      CONSOLE_HOST_NAMES: 'a.example,b.example',
    });
    expect(settings).toMatchObject({ CONSOLE_PORT: 8_081, CONSOLE_HOST: '127.0.0.1' });
    expect(settings.CLICKHOUSE_USER).toBeUndefined();
    expect(settings.CONSOLE_HOST_NAMES).toEqual(['a.example', 'b.example']);
    expect(parseConsoleSettings({ ...url, CONSOLE_PORT: '0' }).CONSOLE_PORT).toBe(0);
  });

  test('that are wrong are named all at once', () => {
    expect(() => parseConsoleSettings({ CONSOLE_PORT: '70000' })).toThrow(/CLICKHOUSE_URL.*CONSOLE_PORT/);
  });
});

describe('codes', () => {
  test('each has a status and a way out in English, and one in Chinese', async () => {
    const { PROBLEMS_ZH } = await pageModule('words-zh.js');
    for (const code of PROBLEM_CODES) {
      expect([code, PROBLEMS_ZH.has(code)]).toEqual([code, true]);
      const { status, body } = new Problem(isCode(code) ? code : 'internal', 'why');
      expect(status).toBeGreaterThanOrEqual(400);
      expect(body).toMatchObject({ error: { code, wayOut: expect.stringMatching(/.{10}/) } });
    }
  });
});

function isCode(code: string): code is ProblemCode {
  return PROBLEM_CODES.includes(code);
}

/** The page's modules are plain JavaScript, which the checker does not read. */
function pageModule(name: string) {
  return import(new URL(`../../../services/console/page/${name}`, import.meta.url).href);
}
