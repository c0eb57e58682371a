/** The installed command as a person runs it: help, wrong words, exit codes, and nothing but JSON with --json. */

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { probeBrokers } from '../../../infra/cli/broker-probe.ts';

const root = join(import.meta.dirname, '..', '..', '..');

function ledger(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    join(root, 'node_modules', '.bin', 'node'),
    [join(root, 'infra', 'cli', 'ledger.ts'), ...args],
    {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', LEDGER_STATE_DIR: '/nowhere/at/all' },
    },
  );
  return { status, stdout, stderr };
}

describe('help', () => {
  test('names every command and the exit codes', () => {
    const { status, stdout } = ledger('--help');
    expect(status).toBe(0);
    const commands = [
      'apply',
      'doctor',
      'send',
      'import',
      'prices',
      'spend',
      'latency',
      'balance',
      'explain',
    ];
    for (const name of [...commands, 'close', 'seal', 'verify', 'replay', 'reconcile', 'Exit codes']) {
      expect(stdout).toContain(name);
    }
  });

  test.each([
    ['spend'],
    ['close'],
    ['import', 'trace'],
    ['prices', 'import'],
    ['send'],
    ['seal'],
    ['verify'],
  ])('%s has an example', (...words) => {
    const { status, stdout } = ledger(...words, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/Example:\n {2}ledger /);
  });
});

describe('exit codes', () => {
  const cases: readonly (readonly [number, readonly string[], string])[] = [
    [2, ['nonsense'], "unknown command 'nonsense'"],
    [2, ['close', '2026-13'], 'It must be a month as YYYY-MM.'],
    [2, ['send', 'x.jsonl'], "required option '--type <type>' not specified"],
    [2, ['send', 'x.jsonl', '--type', 'gossip'], 'Allowed choices are usage'],
    [2, ['verify', '--service', 'nobody'], 'It must be one of'],
    [2, ['spend', '--from', 'yesterday'], 'not an RFC 3339 time'],
    [2, ['spend', '--by', 'colour'], 'usage: --by colour is not known'],
    [3, ['balance'], 'address_unknown: nothing says where the broker is'],
    [3, ['spend'], 'address_unknown: nothing says where the ClickHouse is'],
  ];
  test.each(cases)('%i for %s', (exitCode, args, message) => {
    const { status, stdout, stderr } = ledger(...args);
    expect({ status, stdout }).toEqual({ status: exitCode, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('with --json an error is JSON on standard output and nothing is on standard error', () => {
    const { status, stdout, stderr } = ledger('balance', '--json');
    expect({ status, stderr }).toEqual({ status: 3, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'address_unknown' } });
  });
});

describe('the brokers are knocked at once before a client is opened', () => {
  test('nobody listens, and what is no address', async () => {
    const failure = await probeBrokers(['127.0.0.1:9', 'nonsense']).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'broker_unreachable', exitCode: 3 });
    expect(String(failure)).toContain('nonsense is not host:port');
  });

  test('one that listens is enough', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await expect(probeBrokers(['127.0.0.1:9', `127.0.0.1:${port}`])).resolves.toBeUndefined();
    server.close();
  });
});
