/**
 * `npm start -- --once` as a newcomer runs it, small: on an empty state folder, and again on the kept state, where
 * nothing may be charged twice.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '..', '..');
const RUN_TIMEOUT_MS = 280_000;

const Proof = z.object({
  failed: z.number(),
  checks: z.array(z.object({ name: z.string(), holds: z.boolean(), detail: z.string() })),
  totals: z.record(z.string(), z.union([z.string(), z.number()])),
  run: z.object({ killed: z.object({ before: z.number().nullable(), after: z.number().nullable() }) }),
});

let stateDir = '';

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'outcome-ledger-start-'));
});

afterAll(async () => {
  await rm(stateDir, { recursive: true, force: true });
});

async function start(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly output: string }> {
  const env = { ...process.env, LEDGER_STATE_DIR: stateDir, GATEWAY_PORT: '', CONSOLE_PORT: '' };
  const child = spawn(process.execPath, ['infra/cli/start.ts', ...args], { cwd: ROOT, env });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, 'close');
  return { code: child.exitCode, output };
}

async function readProof(): Promise<z.infer<typeof Proof>> {
  return Proof.parse(JSON.parse(await readFile(join(stateDir, 'proof.json'), 'utf8')));
}

describe('npm start -- --once', () => {
  const size = ['--once', '--events', '3000', '--accounts', '60'];

  test('proves the job on an empty state folder', { timeout: RUN_TIMEOUT_MS }, async () => {
    const { code, output } = await start(...size);
    expect(output).toContain('was killed in mid-run');
    expect(output.trimEnd().split('\n').at(-1)).toMatch(/^proof: \d+ checks, 0 failed$/);
    expect(code).toBe(0);
    const proof = await readProof();
    expect(proof.checks.filter(({ holds }) => !holds)).toEqual([]);
    expect(proof.totals['uses accepted']).toBe(3_000);
    expect(proof.run.killed.after).not.toBe(proof.run.killed.before);
  });

  test('charges nothing twice when it is run again on the kept state', {
    timeout: RUN_TIMEOUT_MS,
  }, async () => {
    const before = (await readProof()).totals;
    const { code, output } = await start(...size);
    expect(output).toContain('resuming on kept state');
    expect(code).toBe(0);
    const { totals } = await readProof();
    for (const name of [
      'uses accepted',
      'charged',
      'charges by kind',
      'journal entries',
      'invoices issued',
    ]) {
      expect([name, totals[name]]).toEqual([name, before[name]]);
    }
    expect(totals['records on usage-events']).toBe(Number(before['records on usage-events']) * 2);
  });

  test('a wrong option says so and starts nothing', async () => {
    const { code, output } = await start('--events', 'many');
    expect(code).not.toBe(0);
    expect(output).toContain('give a whole number above zero');
  });
});
