/**
 * The runtime over a real broker, in this process: an elastic group, partitions divided anew, records that nobody can read,
 * and inputs that were replaced behind its back.
 */
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../infra/embedded/wait.ts';
import { untilDrained } from '../../infra/main-job/drained.ts';
import { poison } from '../../infra/main-job/poison.ts';
import { audit } from '../../infra/proof/audit.ts';
import { fateChecks } from '../../infra/proof/checks.ts';
import { rating } from '../../services/rating/processor.ts';
import { LIMITS } from '../../topology/limits.ts';
import { replayTask } from '../../topology/replay.ts';
import { runInstance } from '../../topology/share.ts';
import { Feed, type OwnBroker, PARTITIONS, startOwnBroker } from '../support/own-broker.ts';
import { use, valuesOf } from '../support/task-bench.ts';

const WAIT_MS = 30_000;
const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);

let broker: OwnBroker;
let feed: Feed;

beforeAll(async () => {
  broker = await startOwnBroker();
  feed = await Feed.open(broker);
});

afterAll(async () => {
  await feed?.close();
  await broker?.stop();
});

function start(instance: string) {
  const shares: (readonly number[])[] = [];
  const note = (line: string): void => {
    const { ready, partitions: share }: { ready?: boolean; partitions: readonly number[] } = JSON.parse(line);
    if (ready === true) shares.push(share);
  };
  const stopping = new AbortController();
  const { log, directory } = broker;
  const limits = { ...LIMITS, commitIntervalMs: 0 };
  const logger = pino({ level: 'info' }, { write: note });
  const options = { processor: rating, log, directory, limits, logger, signal: stopping.signal };
  const ended = runInstance(options, instance);
  ended.catch(() => undefined);
  const stop = (): Promise<void> => {
    stopping.abort();
    return ended;
  };
  return { shares, ended, stop };
}

async function until(condition: () => boolean): Promise<void> {
  expect(await waitUntil(async () => condition(), { timeoutMs: WAIT_MS, intervalMs: 5 })).toBe(true);
}

async function drained(): Promise<void> {
  await untilDrained({ log: broker.log, processors: [rating], timeoutMs: WAIT_MS });
}

async function expectExactlyOnce(): Promise<void> {
  const found = await audit(broker);
  const sent = new Map(feed.sent.entries());
  expect(fateChecks(found, sent).filter(({ holds }) => !holds)).toEqual([]);
  expect(found.charges.byKind.get('usage')).toBe(found.acceptedRecords);
  expect(found.charges.uniqueChargeIds).toBe(found.charges.records);
  for (const partition of partitions) {
    const report = await replayTask({ ...broker, processor: rating, partition, limits: LIMITS });
    expect(report.difference).toBeNull();
  }
}

describe('an elastic group', () => {
  test('shares the partitions, takes over what a member leaves, and does everything once', async () => {
    const first = start('group');
    await until(() => first.shares.at(-1)?.length === PARTITIONS);
    const sending = feed.send(2_000);
    const second = start('group');
    await until(() => first.shares.at(-1)?.length === 1 && second.shares.at(-1)?.length === 1);
    await sending;
    await feed.send(1_000);
    await first.stop();
    await until(() => second.shares.at(-1)?.length === PARTITIONS);
    await feed.send(1_000);
    await drained();
    await second.stop();
    await expectExactlyOnce();
  });
});

describe('partitions that are divided anew', () => {
  const divisions = [
    ['0/1', ['0/2', '1/2']],
    ['1/2', ['0/1']],
    ['0/1', ['group']],
    ['group', ['0/1']],
  ] as const;
  test.each(divisions)(
    'while %s is at work, by starting %j: the former owner commits nothing more',
    async (former, next) => {
      const first = start(former);
      await until(() => first.shares.length > 0);
      const sending = feed.send(1_000);
      const others = next.map(start);
      await until(() => others.every(({ shares }) => shares.length > 0));
      await sending;
      await feed.send(500);
      await drained();
      // A fixed share ends when it is fenced; a member of a group waits for an assignment that does not come.
      if (former === 'group') await first.stop();
      else await expect(first.ended).rejects.toThrow('another instance has taken over partitions');
      for (const { stop } of others) await stop();
      await expectExactlyOnce();
    },
  );
});

describe('records that nobody can read', () => {
  test('are kept with their bytes, and the records around them are charged', async () => {
    const running = start('0/1');
    const bad = poison(use(), broker.directory, PARTITIONS);
    await broker.log.append(bad.map(({ record }) => record));
    for (const { code } of bad) feed.sent.add(code);
    await feed.send(500);
    await drained();
    await running.stop();
    const letters = await valuesOf(broker, 'rating-rejected', 'DeadLetter');
    const expected = bad.filter(({ code }) => code !== 'key_mismatch');
    expect(letters.map(({ code }) => code).toSorted()).toEqual(expected.map(({ code }) => code).toSorted());
    for (const { code, record } of expected) {
      expect(letters.find((letter) => letter.code === code)).toMatchObject({
        key: record.key,
        value: record.value,
      });
    }
    await expectExactlyOnce();
  });
});

describe('an input that was replaced', () => {
  test('a topic created anew is noticed at the next start, by name and offset', async () => {
    const spec = { name: 'usage-events', partitions: PARTITIONS, replicationFactor: 1, config: {} };
    await broker.log.admin.deleteTopics([spec.name]);
    const isCreated = async (): Promise<boolean> => {
      await broker.log.admin.createTopics([spec]);
      return true;
    };
    expect(await waitUntil(isCreated, { timeoutMs: WAIT_MS })).toBe(true);
    await expect(start('0/1').ended).rejects.toThrow(
      /input_lost: rating stands at usage-events\/\d@\d+ but the log ends at 0: it was recreated/,
    );
  });
});
