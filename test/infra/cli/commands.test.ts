/** Commands whose answers come from fixtures: spend, latency, send, prices, apply, doctor; and errors with their codes. */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { cliErrorOf, dataError, usageError } from '../../../infra/cli/cli-error.ts';
import { applyAll } from '../../../infra/cli/commands/apply.ts';
import { doctor } from '../../../infra/cli/commands/doctor.ts';
import { importTrace } from '../../../infra/cli/commands/import-trace.ts';
import { importPrices, listPrices } from '../../../infra/cli/commands/prices.ts';
import { send } from '../../../infra/cli/commands/send.ts';
import { latency, spend } from '../../../infra/cli/commands/spend.ts';
import { readSettings } from '../../../infra/cli/context.ts';
import { readRecordFile } from '../../../infra/cli/send/record-file.ts';
import { traceModel, traceName } from '../../../infra/cli/trace-options.ts';
import { usageQuestion } from '../../../infra/cli/usage-words.ts';
import { parseInstant } from '../../../schemas/instant.ts';
import { RegistryUnreachable } from '../../../schemas/schema-directory.ts';
import { ValueError } from '../../../schemas/value-error.ts';
import { LogError } from '../../../topology/log.ts';
import { newGraph } from '../../support/memory-graph.ts';
import { fakeContext, throughJson } from './cli-support.ts';

const spendRow = {
  currency: 'CNY',
  cost: '12.500000000001',
  savedByCache: '0.000000000000',
  uses: 3,
  inputTokens: 100,
  outputTokens: 10,
  cacheReadTokens: 0,
};

describe('spend and latency', () => {
  test('amounts stay exact, Chinese names align, totals are per currency', async () => {
    const { log, directory } = await newGraph({ seed: 1, uses: 1 });
    const rows = [
      { ...spendRow, keys: { account: '北京智能科技' } },
      { ...spendRow, keys: { account: 'acme' }, cost: '7.000000000000' },
    ];
    const context = fakeContext({ log, directory, analytics: { spend: async () => rows } });
    const report = await spend(context, { by: ['account'] });
    expect(throughJson(report.data)).toMatchObject({ rows: [{ cost: '12.500000000001' }, { cost: '7' }] });
    expect(report.render()).toContain('total 19.500000000001 CNY');
    expect(report.render()).toContain('北京智能科技');
  });

  test('rates without a divisor are a dash', async () => {
    const { log, directory } = await newGraph({ seed: 1, uses: 1 });
    const rows = [
      { keys: { model: 'm' }, uses: 2, p50Ms: 10, p95Ms: 20, p99Ms: 30, errorRate: 0.5, cacheHitRate: null },
    ];
    const context = fakeContext({ log, directory, analytics: { quality: async () => rows } });
    const text = (await latency(context, { by: ['model'] })).render();
    expect(text).toMatch(/m\s+2\s+10\s+20\s+30\s+50\.00 %\s+-/);
  });

  test('nothing found says where to look', async () => {
    const { log, directory } = await newGraph({ seed: 1, uses: 1 });
    expect((await spend(fakeContext({ log, directory }), { by: [] })).render()).toContain('No uses match');
  });

  test('words become a question, wrong ones a usage error', () => {
    const words = { by: 'cost-centre,day', limit: 5, from: '2026-10-01', account: ['a', 'b'] };
    expect(usageQuestion(words)).toEqual({
      by: ['cost_centre', 'day'],
      limit: 5,
      filter: { fromDay: '2026-10-01', only: { account: ['a', 'b'] } },
    });
    expect(() => usageQuestion({ by: 'colour', limit: 1 })).toThrow('--by colour is not known');
    const backwards = { by: 'day', limit: 1, from: '2026-11-01', to: '2026-10-01' };
    expect(() => usageQuestion(backwards)).toThrow('is not before');
  });
});

const use = {
  requestId: 'r-1',
  accountId: 'acme',
  apiKeyId: 'k',
  provider: 'openai',
  model: 'gpt-4.1',
  latencyMs: 5,
  status: 'success',
  occurredAt: '2026-11-22T11:00:00Z',
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
};

describe('send', () => {
  test('each line has its verdict, and a bad one does not hold up the others', async () => {
    const graph = await newGraph({ seed: 1, uses: 1 });
    const lines = [
      JSON.stringify(use),
      '{ no json',
      '',
      JSON.stringify({ ...use, requestId: 'r-2', colour: 1 }),
    ];
    const records = readRecordFile('-', Readable.from([lines.join('\n')]));
    const report = await send(fakeContext(graph), { type: 'usage', records });
    expect(report.exitCode).toBe(1);
    expect(throughJson(report.data)).toMatchObject({
      accepted: 1,
      rejected: 2,
      lines: [
        { line: 2, problems: [{ code: 'json_malformed' }] },
        { line: 4, problems: [{ code: 'unknown_field', field: 'colour' }] },
      ],
    });
    const ends = await graph.log.bounds([0, 1].map((partition) => ({ topic: 'usage-events', partition })));
    expect(ends.reduce((sum, { end }) => sum + end, 0)).toBe(1);
    expect(report.render()).toContain('1 usage record accepted by the log, 2 rejected.');
  });

  test('a file that is not there is data that is missing', async () => {
    const graph = await newGraph({ seed: 1, uses: 1 });
    const records = readRecordFile('/nowhere/at/all.jsonl', Readable.from([]));
    await expect(send(fakeContext(graph), { type: 'usage', records })).rejects.toMatchObject({
      code: 'file_unreadable',
      exitCode: 1,
    });
  });
});

test('import trace publishes every use and says how many', async () => {
  const graph = await newGraph({ seed: 1, uses: 1 });
  const { generatedUses } = await import('../../../infra/main-job/usage.ts');
  const { customers } = await import('../../../infra/main-job/world.ts');
  const plan = { ...graph.plan, usageEvents: 25 };
  const uses = generatedUses(plan, customers(plan));
  const report = await importTrace(fakeContext(graph), { uses, rate: null });
  expect(report.data).toMatchObject({ sent: 25 });
  expect(traceName('data/AzureLLMInferenceTrace_conv.csv.gz')).toBe('AzureLLMInferenceTrace_conv');
  expect(traceModel('openai/gpt-4.1')).toEqual({ provider: 'openai', model: 'gpt-4.1' });
  expect(() => traceModel('gpt')).toThrow('names no provider');
});

describe('prices', () => {
  const options = {
    book: 'list',
    version: null,
    purpose: 'cost' as const,
    currency: 'USD',
    effectiveAt: parseInstant('2026-11-01T00:00:00Z'),
    dryRun: false,
    list: false,
  };
  const priced = (input: string) => ({
    litellm_provider: 'openai',
    input_cost_per_token: input,
    output_cost_per_token: '8e-6',
  });

  test('a map becomes the next version, and the next one is compared with it', async () => {
    const graph = await newGraph({ seed: 1, uses: 1 });
    const context = fakeContext(graph);
    const first = await importPrices(context, {
      ...options,
      map: { a: priced('2e-6'), b: priced('1e-6'), notes: {} },
    });
    expect(throughJson(first.data)).toMatchObject({
      version: 1,
      expressed: 2,
      previousVersion: null,
      published: true,
    });
    expect(first.render()).toContain('not_a_model');
    const second = await importPrices(context, { ...options, map: { a: priced('3e-6'), c: priced('1e-6') } });
    expect(throughJson(second.data)).toMatchObject({
      version: 2,
      previousVersion: 1,
      difference: { added: ['openai c'], removed: ['openai b'], changed: [{ model: 'openai a' }] },
    });
    await expect(importPrices(context, { ...options, version: 2, map: {} })).rejects.toMatchObject({
      code: 'version_exists',
      exitCode: 1,
    });
    expect((await listPrices(context, 'list')).data).toMatchObject({
      versions: [{ version: 1, models: 2, complete: true }, { version: 2 }],
    });
  });

  test('a dry run publishes nothing', async () => {
    const graph = await newGraph({ seed: 1, uses: 1 });
    const context = fakeContext(graph);
    const report = await importPrices(context, { ...options, dryRun: true, map: { a: priced('2e-6') } });
    expect(report.render()).toContain('would be published');
    expect((await listPrices(context, null)).render()).toContain('No price book is on the log yet');
  });
});

describe('doctor', () => {
  test('every part that does not answer has a line and a way out', async () => {
    const graph = await newGraph({ seed: 1, uses: 1 });
    const context = {
      ...fakeContext(graph),
      registryUrl: () => 'http://127.0.0.1:9',
      analytics: () => {
        throw dataError('tables_missing', 'nothing there', 'Run `ledger apply`.');
      },
    };
    const machine = {
      nodeVersion: 'v20.1.0',
      javaHome: undefined,
      stateDir: '.',
      run: () => ({ found: false, output: '' }),
      wantedPorts: [],
    };
    const report = await doctor(context, { machine, processors: [] });
    expect(report.exitCode).toBe(1);
    const text = report.render();
    for (const line of [
      'warn  node',
      'warn  java',
      'warn  mvn',
      'ok    broker',
      'fail  registry',
      'fail  ClickHouse',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).toContain('Ways out');
  });
});

test('apply asks the registry and so fails as unreachable when it is away', async () => {
  const graph = await newGraph({ seed: 1, uses: 1 });
  const context = { ...fakeContext(graph), registryUrl: () => 'http://127.0.0.1:9' };
  const options = { dryRun: true, partitions: 2, replicationFactor: 1 };
  const { PROCESSORS } = await import('../../../infra/processors.ts');
  const error = await applyAll(context, options, PROCESSORS).catch(cliErrorOf);
  expect(error).toMatchObject({ code: 'registry_unreachable', exitCode: 3 });
});

describe('errors', () => {
  const cases: readonly (readonly [string, unknown, string, number])[] = [
    ['a broker that is away', new LogError('retriable', 'NETWORK_EXCEPTION', 'x'), 'broker_unreachable', 3],
    ['a missing topic', new LogError('fatal', 'UNKNOWN_TOPIC_OR_PARTITION', 'x'), 'topic_missing', 1],
    [
      'a log that lost records',
      new LogError('out_of_range', 'OFFSET_OUT_OF_RANGE', 'x'),
      'offset_out_of_range',
      1,
    ],
    ['a registry that is away', new RegistryUnreachable('x'), 'registry_unreachable', 3],
    ['a bad value in data', new ValueError('amount_malformed', 'x'), 'amount_malformed', 1],
    ['schemas that are missing', new Error('not registered, run ledger apply: A'), 'schemas_missing', 1],
    ['wrong words', usageError('x'), 'usage', 2],
    ['an interruption', new DOMException('x', 'AbortError'), 'interrupted', 1],
    ['anything else', new TypeError('x'), 'internal', 4],
  ];
  test.each(cases)('%s', (_, error, code, exitCode) => {
    const failure = cliErrorOf(error);
    expect(failure).toMatchObject({ code, exitCode });
    expect(failure.wayOut).not.toBe('');
  });
});

describe('settings', () => {
  const stateDir = { LEDGER_STATE_DIR: '/nowhere/at/all' };
  test('the environment alone is enough, and empty variables say nothing', () => {
    const settings = readSettings({
      ...stateDir,
      KAFKA_BROKERS: 'a:1,b:2',
      CLICKHOUSE_URL: 'http://ch:8123',
      GATEWAY_URL: '',
    });
    expect(settings).toMatchObject({
      kafkaBrokers: 'a:1,b:2',
      schemaRegistryUrl: null,
      clickhouse: { url: 'http://ch:8123', username: 'default', password: '' },
      gateway: null,
      stackRuns: false,
    });
  });

  test('a gateway needs a key', () => {
    const own = { ...stateDir, GATEWAY_URL: 'http://g/' };
    expect(readSettings(own).gateway).toBeNull();
    expect(readSettings({ ...own, GATEWAY_API_KEY: 'k' }).gateway).toMatchObject({
      url: 'http://g',
      apiKey: 'k',
    });
  });

  test('what cannot be an address is a usage error that names the variable', () => {
    expect(() => readSettings({ ...stateDir, CLICKHOUSE_URL: 'not a url' })).toThrow('CLICKHOUSE_URL');
  });
});
