/**
 * A service whose surroundings are not what it thinks: its clock is wrong, the broker's disk takes no more, the cluster is
 * another one, its input was replaced. It goes on where that is safe, and refuses, non-zero and with a reason, where not.
 *
 * The order of the tests matters: each leaves the log usable for the next, the last one does not.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { topicSpecs } from '../../infra/apply/topic-specs.ts';
import { waitUntil } from '../../infra/embedded/wait.ts';
import { drained, endOf, expectExactlyOnce, nextStep } from '../support/exactly-once.ts';
import { Feed, type OwnBroker, PARTITIONS, startOwnBroker } from '../support/own-broker.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';

const USES = 1_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const HALT_TIMEOUT_MS = 60_000;
const FILE_BYTES_MAX = 1_024;
const canLimitFiles = spawnSync('prlimit', ['--version']).status === 0;

let broker: OwnBroker;
let feed: Feed;
let running: ServiceProcess[] = [];

beforeAll(async () => {
  broker = await startOwnBroker();
  feed = await Feed.open(broker);
});

afterAll(async () => {
  await feed?.close();
  await broker?.stop();
});

afterEach(async () => {
  for (const process of running) process.signal('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
});

function startRating(env: Readonly<Record<string, string>> = {}): ServiceProcess {
  const started = startServiceProcess('rating', { ...broker.env, ...env });
  running.push(started);
  return started;
}

test.each([HOUR_MS, -HOUR_MS])('a clock that is %d ms off changes nothing', async (shiftMs) => {
  const preload = new URL('shift-clock.ts', import.meta.url).href;
  const process = startRating({ NODE_OPTIONS: `--import=${preload}`, CLOCK_SHIFT_MS: String(shiftMs) });
  await process.ready();
  const loggedAt = Number(/"time":(\d+)/.exec(process.output())?.[1]);
  expect(Math.abs(loggedAt - Date.now() - shiftMs)).toBeLessThan(MINUTE_MS);
  await feed.send(USES);
  await drained(broker);
  process.signal('SIGTERM');
  expect(await process.ended).toBe(0);
  await expectExactlyOnce(broker, feed);
});

/** A limit on the size of files is what a full disk is to the broker: every append fails in the operating system. */
test.skipIf(!canLimitFiles)('a broker whose disk takes no more halts, and goes on without loss', async () => {
  const process = startRating();
  await process.ready();
  const { kafka } = broker.stack.parts;
  const full = kafka.pid;
  const step = nextStep(broker);
  await feed.send(USES * 3);
  await step;
  execFileSync('prlimit', ['--pid', String(full), `--fsize=${FILE_BYTES_MAX}:`]);
  // Whoever watches over it starts it again, and this time there is room.
  const isBack = async (): Promise<boolean> => kafka.pid !== null && kafka.pid !== full;
  expect(await waitUntil(isBack, { timeoutMs: HALT_TIMEOUT_MS })).toBe(true);
  await drained(broker);
  await feed.send(USES);
  await drained(broker);
  await expectExactlyOnce(broker, feed);
});

test('another cluster under the same address is refused', async () => {
  const before = startRating();
  await before.ready();
  await drained(broker);
  before.signal('SIGTERM');
  expect(await before.ended).toBe(0);
  const charged = await endOf(broker, 'charges');
  const clusterId = await renameCluster('AAAAAAAAAAAAAAAAAAAAAA');
  await feed.send(USES);
  const refusing = startRating();
  expect(await refusing.ended).toBe(1);
  expect(refusing.output()).toMatch(/was checkpointed on cluster/);
  expect(await endOf(broker, 'charges')).toBe(charged);

  await renameCluster(clusterId);
  startRating();
  await drained(broker);
  await expectExactlyOnce(broker, feed);
});

test('an input that was deleted and made again is refused, running and starting', async () => {
  const process = startRating();
  await process.ready();
  await drained(broker);
  const charged = await endOf(broker, 'charges');
  const spec = topicSpecs({ partitions: PARTITIONS, replicationFactor: 1 }).find(
    ({ name }) => name === 'usage-events',
  );
  if (spec === undefined) throw new Error('usage-events is no topic');
  const { admin } = broker.log;
  await admin.deleteTopics([spec.name]);
  const isGone = async (): Promise<boolean> =>
    (await admin.describeTopics([spec.name])).get(spec.name) === null;
  expect(await waitUntil(isGone, { timeoutMs: HALT_TIMEOUT_MS })).toBe(true);
  await admin.createTopics([spec]);
  expect(await process.ended).toBe(1);
  const starting = startRating();
  expect(await starting.ended).toBe(1);
  expect(starting.output()).toMatch(/it was recreated/);
  expect(await endOf(broker, 'charges')).toBe(charged);

  // Filled beyond where we stood, its offsets look right, and only its id tells.
  for (let times = 0; times < 3; times += 1) await feed.send(USES * 4);
  const filled = startRating();
  expect(await filled.ended).toBe(1);
  expect(filled.output()).toMatch(/input_replaced: .* it was recreated/);
  expect(await endOf(broker, 'charges')).toBe(charged);
});

/** Gives the broker's folder another cluster's name; returns the one it had. */
async function renameCluster(name: string): Promise<string> {
  const { kafka } = broker.stack.parts;
  await kafka.kill('SIGKILL');
  const file = join(broker.stateDir, 'kafka', 'logs', 'meta.properties');
  const text = await readFile(file, 'utf8');
  const before = /^cluster\.id=(.+)$/m.exec(text)?.[1] ?? '';
  await writeFile(file, text.replace(`cluster.id=${before}`, `cluster.id=${name}`));
  await kafka.restart();
  return before;
}
