/**
 * A service process on a real broker: killed between and inside steps, frozen while another takes over, and left without
 * its broker. Whatever happens, every accepted use is charged once and the replay agrees.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { waitUntil } from '../../infra/embedded/wait.ts';
import { untilDrained } from '../../infra/main-job/drained.ts';
import { audit } from '../../infra/proof/audit.ts';
import { fateChecks } from '../../infra/proof/checks.ts';
import { rating } from '../../services/rating/processor.ts';
import { LIMITS } from '../../topology/limits.ts';
import { replayTask } from '../../topology/replay.ts';
import { Feed, type OwnBroker, PARTITIONS, startOwnBroker } from '../support/own-broker.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';

const DRAIN_TIMEOUT_MS = 40_000;
const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);

let broker: OwnBroker;
let feed: Feed;
let processes: ServiceProcess[] = [];

beforeAll(async () => {
  broker = await startOwnBroker();
  feed = await Feed.open(broker);
});

afterAll(async () => {
  await feed?.close();
  await broker?.stop();
});

beforeEach(() => {
  processes = [];
});

afterEach(async () => {
  for (const process of processes) process.signal('SIGKILL');
  await Promise.all(processes.map(({ ended }) => ended));
});

function startRating(): ServiceProcess {
  const started = startServiceProcess('rating', { ...broker.env, LEDGER_COMMIT_INTERVAL_MS: '0' });
  processes.push(started);
  return started;
}

async function endOf(topic: string): Promise<number> {
  const bounds = await broker.log.bounds(partitions.map((partition) => ({ topic, partition })));
  return bounds.reduce((sum, { end }) => sum + end, 0);
}

/** Resolves when a step was committed that was not there when it was called. */
function nextStep(): () => Promise<void> {
  const before = endOf('rating-steps');
  return async () => {
    const start = await before;
    const isThere = async (): Promise<boolean> => (await endOf('rating-steps')) > start;
    expect(await waitUntil(isThere, { timeoutMs: DRAIN_TIMEOUT_MS, intervalMs: 2 })).toBe(true);
  };
}

async function drained(): Promise<void> {
  await untilDrained({ log: broker.log, processors: [rating], timeoutMs: DRAIN_TIMEOUT_MS });
}

/** How many records of usage-events no committed step has taken yet. */
async function undone(): Promise<number> {
  const places = partitions.map((partition) => ({ topic: 'usage-events', partition }));
  const positions = await broker.log.admin.groupPositions('rating', places);
  return (await endOf('usage-events')) - positions.reduce((sum, { offset }) => sum + Math.max(offset, 0), 0);
}

async function expectExactlyOnce(): Promise<void> {
  const found = await audit(broker);
  const sent = new Map(feed.sent.entries());
  expect(fateChecks(found, sent).filter(({ holds }) => !holds)).toEqual([]);
  expect(found.charges.byKind.get('usage')).toBe(found.acceptedRecords);
  expect([...found.acceptedIds].filter((id) => !found.charges.usageIds.has(id))).toEqual([]);
  expect(found.charges.uniqueChargeIds).toBe(found.charges.records);
  for (const partition of partitions) {
    const report = await replayTask({ ...broker, processor: rating, partition, limits: LIMITS });
    expect(report.difference).toBeNull();
  }
}

describe('a process that is killed', () => {
  test('between and inside steps, while records arrive, charges each accepted use once', async () => {
    const left: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const running = startRating();
      await running.ready();
      const step = nextStep();
      const sending = feed.send(3_000);
      await step();
      running.signal('SIGKILL');
      expect(await running.ended).toBe('SIGKILL');
      await sending;
      left.push(await undone());
    }
    // At least one kill came while there was work, or the test has shown nothing.
    expect(Math.max(...left)).toBeGreaterThan(0);
    const last = startRating();
    await drained();
    await expectExactlyOnce();
    last.signal('SIGTERM');
    expect(await last.ended).toBe(0);
    expect(last.output()).toContain('"msg":"stopped"');
  });
});

describe('a process that is frozen', () => {
  test('is fenced by the next owner: it commits nothing any more, ends non-zero and says why', async () => {
    const zombie = startRating();
    await zombie.ready();
    const step = nextStep();
    const sending = feed.send(3_000);
    await step();
    zombie.signal('SIGSTOP');
    await sending;
    const owner = startRating();
    await owner.ready();
    await drained();
    const chargesBefore = await endOf('charges');

    zombie.signal('SIGCONT');
    await feed.send(1_000);
    expect(await zombie.ended).toBe(1);
    expect(zombie.output()).toMatch(/was taken over by another instance/);
    expect(zombie.output()).toMatch(/"reaction":"stand_back"/);
    await drained();
    expect(await endOf('charges')).toBeGreaterThan(chargesBefore);
    await expectExactlyOnce();
    expect(owner.output()).not.toContain('stand_back');
  });
});

describe('a broker that is killed', () => {
  test('in mid-run comes back, and the same process goes on without loss', async () => {
    const running = startRating();
    await running.ready();
    const step = nextStep();
    await feed.send(3_000);
    await step();
    await broker.stack.parts.kafka.kill('SIGKILL');
    await broker.stack.parts.kafka.restart();
    await drained();
    await feed.send(500);
    await drained();
    await expectExactlyOnce();
    expect(running.output()).toContain('"reaction":"acquire_again"');
    running.signal('SIGTERM');
    expect(await running.ended).toBe(0);
  });
});

describe('a process that cannot start', () => {
  test.each([
    ['without a broker address', { KAFKA_BROKERS: '' }, /KAFKA_BROKERS/],
    ['as an instance that does not exist', { LEDGER_INSTANCE: '2/2' }, /instances are numbered 0 to 1/],
    ['as an instance without a partition', { LEDGER_INSTANCE: '3/4' }, /none is left for it/],
  ])('%s ends non-zero and says why', async (_, env, message) => {
    const process = startServiceProcess('rating', { ...broker.env, ...env });
    processes.push(process);
    expect(await process.ended).toBe(1);
    expect(process.output()).toMatch(message);
  });
});
