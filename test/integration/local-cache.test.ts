/**
 * The local cache of a service on a real broker: killed while it works, it goes on from its cache; what it then holds is
 * what the changelog alone gives, and everything was charged once.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../infra/embedded/wait.ts';
import { rating } from '../../services/rating/processor.ts';
import { LIMITS } from '../../topology/limits.ts';
import { shareOf } from '../../topology/lock.ts';
import { type CacheEvent, StateCaches } from '../../topology/state-cache-folder.ts';
import { Task } from '../../topology/task.ts';
import { contentOf } from '../support/cache-bench.ts';
import { drained, expectExactlyOnce, nextStep } from '../support/exactly-once.ts';
import { Feed, type OwnBroker, PARTITIONS, startOwnBroker } from '../support/own-broker.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';

/** A block is written at most a second after the commit. */
const WRITTEN_MS = 5_000;

let broker: OwnBroker;
let feed: Feed;
let dir: string;
let processes: ServiceProcess[] = [];

beforeAll(async () => {
  broker = await startOwnBroker();
  feed = await Feed.open(broker);
  dir = await mkdtemp(join(tmpdir(), 'local-cache-'));
});

afterAll(async () => {
  await feed?.close();
  await broker?.stop();
  await rm(dir, { recursive: true, force: true });
});

afterEach(async () => {
  for (const process of processes) process.signal('SIGKILL');
  await Promise.all(processes.map(({ ended }) => ended));
  processes = [];
});

function startRating(): ServiceProcess {
  const env = { ...broker.env, LEDGER_COMMIT_INTERVAL_MS: '0', LEDGER_CACHE_DIR: dir };
  const started = startServiceProcess('rating', env);
  processes.push(started);
  return started;
}

/** What a task holds that has just taken a partition, and what it was told about its cache. */
async function takenOver(partition: number, caches: StateCaches | undefined): Promise<string> {
  const { log, directory } = broker;
  const share = shareOf('rating', { k: partition, n: PARTITIONS }, PARTITIONS);
  const task = await Task.acquire({ log, directory, processor: rating, share, limits: LIMITS, caches });
  await task.close();
  return contentOf(task);
}

async function expectTheSameState(): Promise<void> {
  const events: CacheEvent[] = [];
  const caches = new StateCaches({ dir, report: (event) => events.push(event) });
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    expect(await takenOver(partition, caches)).toBe(await takenOver(partition, undefined));
  }
  expect(events.map(({ kind }) => kind)).toEqual(Array.from({ length: PARTITIONS }, () => 'used'));
}

describe('a service with a local cache', () => {
  test('that is killed between and inside steps goes on from it, with the same state', async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      const running = startRating();
      await running.ready();
      const uses = running.output().match(/local cache used/g)?.length ?? 0;
      expect(uses).toBe(turn === 0 ? 0 : PARTITIONS);
      expect(running.output()).not.toContain('local cache refused');
      const step = nextStep(broker);
      await feed.send(2_000);
      await step;
      const isWritten = async (): Promise<boolean> => (await readdir(dir)).length === PARTITIONS;
      expect(await waitUntil(isWritten, { timeoutMs: WRITTEN_MS })).toBe(true);
      await drained(broker);
      await pause(1_500);
      const sending = feed.send(2_000);
      await nextStep(broker);
      running.signal('SIGKILL');
      await running.ended;
      await sending;
    }
    const last = startRating();
    await last.ready();
    await drained(broker);
    last.signal('SIGTERM');
    expect(await last.ended).toBe(0);
    await expectTheSameState();
    await expectExactlyOnce(broker, feed);
  });

  test('says once that one was damaged, and reads the changelog instead', async () => {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      await writeFile(join(dir, `rating-${partition}.cache`), 'ledgcach, and then nothing of the kind');
    }
    const running = startRating();
    await running.ready();
    expect(running.output().match(/local cache refused/g)?.length).toBe(PARTITIONS);
    expect(running.output()).toContain('"reason":"torn"');
    await feed.send(500);
    await drained(broker);
    running.signal('SIGTERM');
    expect(await running.ended).toBe(0);
    await expectTheSameState();
    await expectExactlyOnce(broker, feed);
  });
});
