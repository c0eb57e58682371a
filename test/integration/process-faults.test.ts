/**
 * A service process on a real broker: killed between and inside steps, frozen while another takes over, and left without
 * its broker. Whatever happens, every accepted use is charged once and the replay agrees.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { drained, endOf, expectExactlyOnce, nextStep } from '../support/exactly-once.ts';
import { Feed, type OwnBroker, PARTITIONS, startOwnBroker } from '../support/own-broker.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';

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

/** How many records of usage-events no committed step has taken yet. */
async function undone(): Promise<number> {
  const places = partitions.map((partition) => ({ topic: 'usage-events', partition }));
  const positions = await broker.log.admin.groupPositions('rating', places);
  return (
    (await endOf(broker, 'usage-events')) -
    positions.reduce((sum, { offset }) => sum + Math.max(offset, 0), 0)
  );
}

describe('a process that is killed', () => {
  test('between and inside steps, while records arrive, charges each accepted use once', async () => {
    const left: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const running = startRating();
      await running.ready();
      const step = nextStep(broker);
      const sending = feed.send(3_000);
      await step;
      running.signal('SIGKILL');
      expect(await running.ended).toBe('SIGKILL');
      await sending;
      left.push(await undone());
    }
    // At least one kill came while there was work, or the test has shown nothing.
    expect(Math.max(...left)).toBeGreaterThan(0);
    const last = startRating();
    await drained(broker);
    await expectExactlyOnce(broker, feed);
    last.signal('SIGTERM');
    expect(await last.ended).toBe(0);
    expect(last.output()).toContain('"msg":"stopped"');
  });
});

describe('a process that is frozen', () => {
  test('is fenced by the next owner: it commits nothing any more, ends non-zero and says why', async () => {
    const zombie = startRating();
    await zombie.ready();
    const step = nextStep(broker);
    const sending = feed.send(3_000);
    await step;
    zombie.signal('SIGSTOP');
    await sending;
    const owner = startRating();
    await owner.ready();
    await drained(broker);
    const chargesBefore = await endOf(broker, 'charges');

    zombie.signal('SIGCONT');
    await feed.send(1_000);
    expect(await zombie.ended).toBe(1);
    expect(zombie.output()).toMatch(/another instance has taken over partitions 0, 1/);
    expect(zombie.output()).toMatch(/"reaction":"stand_back"/);
    await drained(broker);
    expect(await endOf(broker, 'charges')).toBeGreaterThan(chargesBefore);
    await expectExactlyOnce(broker, feed);
    expect(owner.output()).not.toContain('stand_back');
  });
});

describe('a broker that is killed', () => {
  test('in mid-run comes back, and the same process goes on without loss', async () => {
    const running = startRating();
    await running.ready();
    const step = nextStep(broker);
    await feed.send(3_000);
    await step;
    await broker.stack.parts.kafka.kill('SIGKILL');
    await broker.stack.parts.kafka.restart();
    await drained(broker);
    await feed.send(500);
    await drained(broker);
    await expectExactlyOnce(broker, feed);
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
