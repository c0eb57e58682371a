/**
 * The command line against real servers: from an empty cluster to an explained and closed invoice.
 *
 * Services run in this process. Other suites may have written to the same topics before, so what is asserted concerns
 * this suite's own account and the services whose outputs nobody else writes.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { PROCESSORS } from '../../infra/processors.ts';
import { connectSchemaDirectory } from '../../schemas/schema-directory-registry.ts';
import { LIMITS } from '../../topology/limits.ts';
import { shareOf } from '../../topology/lock.ts';
import { openKafkaLog } from '../../topology/log-kafka.ts';
import { runTask } from '../../topology/run.ts';
import { subjectsOf } from '../../topology/subjects.ts';

const DAY_MS = 86_400_000;
const ACCOUNT = `cli-${Date.now()}`;
const USED_AT = new Date(Date.now() - DAY_MS);
const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'outcome-ledger-cli-'));
const log = openKafkaLog({
  brokers: inject('kafkaBrokers').split(','),
  clientId: 'cli-test',
  requestTimeoutMs: 30_000,
});
const stopping = new AbortController();
let services: readonly Promise<unknown>[] = [];

const env = {
  PATH: process.env['PATH'] ?? '',
  KAFKA_BROKERS: inject('kafkaBrokers'),
  SCHEMA_REGISTRY_URL: inject('schemaRegistryUrl'),
  CLICKHOUSE_URL: inject('clickhouseUrl'),
  CLICKHOUSE_USER: inject('clickhouseUser'),
  CLICKHOUSE_PASSWORD: inject('clickhousePassword'),
  LEDGER_STATE_DIR: folder,
};

/** Runs the command with --json; the services go on in this process meanwhile. */
async function ledger(
  ...args: readonly string[]
): Promise<{ status: number | null; data: unknown; stderr: string }> {
  const child = spawn(process.execPath, [join(root, 'infra', 'cli', 'ledger.ts'), ...args, '--json'], {
    env,
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const data: unknown = JSON.parse(Buffer.concat(out).toString('utf8'));
  return { status, data, stderr: Buffer.concat(err).toString('utf8') };
}

function fileOf(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

async function until<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 60; tries += 1) {
    const answer = await ask();
    if (isDone(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('the answer never came');
}

const account = {
  accountId: ACCOUNT,
  version: 1,
  name: '北京智能科技',
  currency: 'USD',
  timeZone: 'UTC',
  status: 'active',
  effectiveAt: '2026-01-01T00:00:00Z',
};

const contract = {
  contractId: `${ACCOUNT}-contract`,
  accountId: ACCOUNT,
  version: 1,
  effectiveAt: '2026-01-01T00:00:00Z',
  billingMode: 'postpaid',
  priceBookId: 'cli-customer',
  usageMarkup: '1',
  outcomePlan: null,
  grants: [],
  overdraftLimit: null,
};

const uses = Array.from({ length: 20 }, (_, index) => ({
  requestId: `${ACCOUNT}-${index}`,
  accountId: ACCOUNT,
  apiKeyId: 'k',
  provider: 'openai',
  model: 'cli-model',
  latencyMs: 5,
  status: 'success',
  inputTokens: 1_000,
  outputTokens: 10,
  occurredAt: USED_AT.toISOString(),
  traceId: 't',
  businessUnit: 'b',
  costCentre: 'c',
  useCase: 'u',
  workflowStep: 'w',
  riskTier: 'low',
  environment: 'test',
  userRole: 'r',
  routePolicyVersion: '1',
  cacheStatus: 'none',
}));

const priceMap = {
  'cli-model': { litellm_provider: 'openai', input_cost_per_token: '2e-6', output_cost_per_token: '8e-6' },
};

beforeAll(async () => {
  const found = (await log.admin.describeTopics(['cost-events'])).get('cost-events');
  const partitions = found?.partitions ?? 2;
  const applied = await ledger('apply', '--partitions', String(partitions));
  if (applied.status !== 0) throw new Error(`apply: ${JSON.stringify(applied.data)}`);
  const directory = await connectSchemaDirectory(inject('schemaRegistryUrl'), subjectsOf(PROCESSORS));
  services = PROCESSORS.map((processor) => {
    const share = shareOf(processor.service, { k: 0, n: 1 }, partitions);
    return runTask({ log, directory, processor, share, limits: LIMITS }, {}, stopping.signal);
  });
});

afterAll(async () => {
  stopping.abort();
  await Promise.allSettled(services);
  await log.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a month of one account', () => {
  test('applying again changes nothing', async () => {
    const { partitions = 2 } = (await log.admin.describeTopics(['usage-events'])).get('usage-events') ?? {};
    const again = await ledger('apply', '--dry-run', '--partitions', String(partitions));
    expect(again).toMatchObject({ status: 0, data: { applied: false, changes: [] } });
  });

  test('prices, account, contract and uses go in, each with its verdict', async () => {
    const map = fileOf('prices.json', priceMap);
    const since = ['--effective-at', '2026-01-01'];
    for (const [book, purpose] of [
      ['cli-customer', 'customer'],
      ['cli-cost', 'cost'],
    ] as const) {
      const brought = await ledger('prices', 'import', map, '--book', book, '--purpose', purpose, ...since);
      expect(brought).toMatchObject({ status: 0, data: { expressed: 1, published: true } });
    }
    const sent = await ledger('send', fileOf('account.json', account), '--type', 'account');
    expect(sent).toMatchObject({ status: 0, data: { accepted: 1, rejected: 0 } });
    expect(await ledger('send', fileOf('contract.json', [contract]), '--type', 'contract')).toMatchObject({
      status: 0,
      data: { accepted: 1 },
    });
    const mixed = [...uses, { requestId: 'incomplete' }];
    expect(await ledger('send', fileOf('uses.json', mixed), '--type', 'usage')).toMatchObject({
      status: 1,
      data: { accepted: 20, rejected: 1, lines: [{ line: 21 }] },
    });
  });

  test('the balance follows, and a request is explained down to its booking', async () => {
    const expected = { balances: [{ accountId: ACCOUNT, overdraft: '0.0416' }] };
    const matches = (data: unknown): boolean => JSON.stringify(data).includes('"overdraft":"0.0416"');
    const answer = await until(
      () => ledger('balance', ACCOUNT),
      ({ data }) => matches(data),
    );
    expect(answer.data).toMatchObject(expected);
    const { status, data } = await ledger('explain', `${ACCOUNT}-7`);
    expect(status).toBe(0);
    const text = JSON.stringify(data);
    for (const word of [
      '"kind":"use"',
      '"kind":"cost"',
      '0.00208 USD',
      '"kind":"journal entry"',
      `BILL-${ACCOUNT}`,
    ]) {
      expect(text).toContain(word);
    }
  });

  test('the chain holds and the replay agrees', async () => {
    for (const service of ['rating', 'invoice-rollups', 'outcome-confidence']) {
      expect(await ledger('verify', '--service', service)).toMatchObject({ status: 0, data: { ok: true } });
    }
    expect(await ledger('replay', '--service', 'rating')).toMatchObject({ status: 0, data: { ok: true } });
  });

  test('reconcile finds every use charged', async () => {
    const { data } = await ledger('reconcile', '--log-only');
    const { comparisons } = z
      .object({ comparisons: z.array(z.object({ name: z.string(), ok: z.boolean() })) })
      .parse(data);
    expect(comparisons).toContainEqual(
      expect.objectContaining({ name: 'charges = invoices before rounding', ok: true }),
    );
  });

  test('the month is refused while it runs, and closed when insisted upon', async () => {
    const month = USED_AT.toISOString().slice(0, 7);
    const isOver = USED_AT.getUTCMonth() !== new Date().getUTCMonth();
    if (!isOver) {
      expect(await ledger('close', month)).toMatchObject({
        status: 1,
        data: { error: { code: 'month_not_over' } },
      });
    }
    const closed = await ledger('close', month, '--force');
    expect(closed).toMatchObject({ status: 0, data: { month } });
    expect((await ledger('explain', `BILL-${ACCOUNT}-${month.replace('-', '')}`)).data).toMatchObject({
      notes: ['The charges on the log make exactly these lines.'],
    });
  });

  test('doctor finds every part, and spend has an answer before any use was stored', async () => {
    const { data } = await ledger('doctor');
    expect(JSON.stringify(data)).toContain('"subject":"ClickHouse","state":"ok"');
    expect((await ledger('spend', '--account', ACCOUNT)).status).toBe(0);
  });
});

test('a broker that is away is exit code 3', async () => {
  const child = spawn(process.execPath, [join(root, 'infra', 'cli', 'ledger.ts'), 'balance'], {
    env: { ...env, KAFKA_BROKERS: '127.0.0.1:9' },
  });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  expect(status).toBe(3);
});
