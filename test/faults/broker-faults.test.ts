/**
 * The broker is killed under load, also while it ends an aborted transaction, and members of an elastic group come and go:
 * the service goes on by itself, soon, and nothing is lost or doubled.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Random } from '../../infra/main-job/random.ts';
import { drained, expectExactlyOnce, nextStep } from '../support/exactly-once.ts';
import { Feed, type OwnBroker, startOwnBroker } from '../support/own-broker.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';
import { Cuts } from './cuts.ts';
import { KafkaProxy } from './kafka-proxy.ts';

const CLIENT = 'ledger-rating';
const USES = 1_000;
const KILLS = 2;
const RECOVERY_MS_MAX = 10_000;
const STORM_CHANGES = 10;
const STORM_SEED = 61;

const cuts = new Cuts();
let broker: OwnBroker;
let feed: Feed;
let proxy: KafkaProxy;
let running: ServiceProcess[] = [];

beforeAll(async () => {
  broker = await startOwnBroker();
  feed = await Feed.open(broker);
  proxy = await KafkaProxy.open(broker.stack.kafkaBrokers, cuts.judge);
});

afterAll(async () => {
  await feed?.close();
  await proxy?.close();
  await broker?.stop();
});

beforeEach(() => {
  running = [];
});

afterEach(async () => {
  cuts.disarm();
  for (const process of running) process.signal('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
});

function startRating(env: Readonly<Record<string, string>> = {}): ServiceProcess {
  const started = startServiceProcess('rating', { ...broker.env, KAFKA_BROKERS: proxy.address, ...env });
  running.push(started);
  return started;
}

test(`a broker killed in mid-step: steps go on within ${RECOVERY_MS_MAX} ms of its return`, async () => {
  const process = startRating();
  await process.ready();
  const step = nextStep(broker);
  await feed.send(USES * 3);
  await step;
  const { kafka } = broker.stack.parts;
  await kafka.kill('SIGKILL');
  await kafka.restart();
  const returnedAt = performance.now();
  await Promise.all([nextStep(broker), feed.send(USES)]);
  expect(performance.now() - returnedAt).toBeLessThan(RECOVERY_MS_MAX);
  await drained(broker);
  await expectExactlyOnce(broker, feed);
});

test(`a broker killed while it aborts, ${KILLS} times: what was aborted stays aborted`, async () => {
  const process = startRating();
  await process.ready();
  const { kafka } = broker.stack.parts;
  for (let count = 0; count < KILLS; count += 1) {
    // The service loses its commit, comes back under a new epoch, and the broker begins to write the abort markers.
    void cuts.arm({ api: 'EndTxn', at: 'request', clientId: CLIENT });
    const killed = cuts.arm(
      { api: 'InitProducerId', at: 'reply', clientId: CLIENT },
      { meanwhile: () => kafka.kill('SIGKILL') },
    );
    await feed.send(USES);
    await killed;
    await kafka.restart();
    await drained(broker);
  }
  await expectExactlyOnce(broker, feed);
  process.signal('SIGTERM');
  expect(await process.ended).toBe(0);
});

test(`members join and leave ${STORM_CHANGES} times (seed ${STORM_SEED}): nothing is lost or doubled`, async () => {
  const random = new Random(STORM_SEED);
  const member = async (): Promise<ServiceProcess> => {
    const started = startRating({ LEDGER_INSTANCE: 'group' });
    await started.ready();
    return started;
  };
  const members = [await member()];
  for (let change = 0; change < STORM_CHANGES; change += 1) {
    const sending = feed.send(USES);
    if (members.length === 1 || (members.length < 3 && random.chance(500))) members.push(await member());
    else {
      const leaving = members.splice(random.below(members.length), 1)[0];
      // The last one is killed: its partitions come free only when its session has run out.
      leaving?.signal(change === STORM_CHANGES - 1 ? 'SIGKILL' : 'SIGTERM');
      await leaving?.ended;
    }
    await sending;
  }
  await drained(broker);
  await expectExactlyOnce(broker, feed);
  for (const process of members) process.signal('SIGTERM');
  expect(await Promise.all(members.map(({ ended }) => ended))).toEqual(members.map(() => 0));
});
