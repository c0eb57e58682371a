/** The local cache of a task's state: what it saves, every way in which it is refused, and that it never shows in the state. */

import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { topicSpecs } from '../../infra/apply/topic-specs.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { CACHE_AGE_MAX_MS } from '../../topology/limits.ts';
import type { FetchedSlice, ReaderOptions } from '../../topology/log.ts';
import { CacheFile } from '../../topology/state-cache-file.ts';
import { recordEnd } from '../../topology/state-cache-record.ts';
import type { Task } from '../../topology/task.ts';
import { type CacheBench, contentOf, forgetful, newCaches } from '../support/cache-bench.ts';
import { logWith } from '../support/log-double.ts';
import { acquire, appendValues, type Bench, drain, newBench, onlyCell, use } from '../support/task-bench.ts';

const CHANGELOG = 'rating-changelog';
const DAY_MS = 24 * 60 * 60 * 1_000;

/** A task on the cache, after some uses, and closed again; the next owner finds what it left. */
async function worked(bench: Bench, { caches }: CacheBench, ids: readonly string[]): Promise<void> {
  const task = await acquire(bench, { caches });
  for (const requestId of ids) {
    await appendValues(bench, 'usage-events', use({ requestId }));
    await drain(task);
  }
  await task.close();
}

/** What a task without a cache holds. Its transactor fences whoever had the partition. */
async function truthOf(bench: Bench): Promise<string> {
  const task = await acquire(bench);
  await task.close();
  return contentOf(task);
}

/** How many records were read of each topic. */
function counted(bench: Bench): { readonly log: Bench['log']; readonly read: Map<string, number> } {
  const read = new Map<string, number>();
  const log = logWith(bench.log, {
    async reader(options: ReaderOptions) {
      const reader = await bench.log.reader(options);
      return {
        fetch: async (): Promise<readonly FetchedSlice[]> => {
          const slices = await reader.fetch();
          for (const { topic, records } of slices) read.set(topic, (read.get(topic) ?? 0) + records.length);
          return slices;
        },
        seek: (position) => reader.seek(position),
        pause: (places) => reader.pause(places),
        resume: (places) => reader.resume(places),
        close: () => reader.close(),
      };
    },
  });
  return { log: Object.assign(Object.create(bench.log), log), read };
}

describe('a task with a cache', () => {
  test('reads no more of the changelog than what came after it', async () => {
    const bench = await newBench();
    const cache = await newCaches();
    await worked(bench, cache, ['a', 'b', 'c', 'd', 'e', 'f']);
    const { log, read } = counted(bench);
    const task = await acquire({ ...bench, log }, { caches: cache.caches });
    await task.close();
    expect(cache.told()).toEqual(['used']);
    // The checkpoint that it ends with, and our barrier.
    expect(read.get(CHANGELOG)).toBeLessThanOrEqual(3);
    expect(contentOf(task)).toBe(await truthOf(bench));
  });

  test('goes on working on what it took from it, and the next one again', async () => {
    const bench = await newBench();
    const cache = await newCaches();
    for (const id of ['a', 'b', 'c', 'a']) await worked(bench, cache, [id, `${id}-2`]);
    const task = await acquire(bench, { caches: cache.caches });
    await task.close();
    expect(cache.told()).toEqual(['used', 'used', 'used', 'used']);
    expect(onlyCell(task).progress.step).toBe(8);
    expect(contentOf(task)).toBe(await truthOf(bench));
  });

  test('that is killed between a commit and the write of its block loses nothing', async () => {
    const bench = await newBench();
    const cache = await newCaches();
    await worked(bench, cache, ['a', 'b']);
    // Nothing of this one is ever written: it has neither reached the size nor the time.
    const other = await newCaches({ blockBytes: 1e9, blockMs: 1e9 }, cache.dir);
    const killed = await acquire(bench, { caches: other.caches });
    await appendValues(bench, 'usage-events', use({ requestId: 'c' }), use({ requestId: 'd' }));
    await drain(killed);
    const next = await acquire(bench, { caches: cache.caches });
    await next.close();
    expect(cache.told()).toEqual(['used']);
    expect(onlyCell(next).progress.step).toBe(3);
    expect(contentOf(next)).toBe(await truthOf(bench));
    await killed.close();
  });

  test('goes on from a cache whose partition had another owner meanwhile', async () => {
    const bench = await newBench();
    const [here, there] = [await newCaches(), await newCaches()];
    await worked(bench, here, ['a']);
    await worked(bench, there, ['b', 'c']);
    await worked(bench, here, ['d']);
    await worked(bench, there, ['e']);
    const task = await acquire(bench, { caches: here.caches });
    await task.close();
    expect([here.told(), there.told()]).toEqual([['used', 'used'], ['used']]);
    expect(contentOf(task)).toBe(await truthOf(bench));
  });

  test('never keeps what a commit of unknown outcome wrote, and reads it back when it was committed', async () => {
    for (const fault of ['fail_after', 'lose_request', 'fail_before', 'stay_open'] as const) {
      let isDue = false;
      const faults = ({ at }: { readonly at: string }) => (isDue && at === 'commit' ? fault : 'none');
      const bench = await newBench({ faults });
      const cache = await newCaches();
      const task = await acquire(bench, { caches: cache.caches });
      await appendValues(bench, 'usage-events', use({ requestId: 'a' }));
      await drain(task);
      await appendValues(bench, 'usage-events', use({ requestId: 'b' }));
      isDue = true;
      await expect(drain(task)).rejects.toThrow();
      isDue = false;
      await task.close();
      const next = await acquire(bench, { caches: cache.caches });
      await next.close();
      expect(cache.told()).toEqual(['used']);
      expect(onlyCell(next).progress.step, fault).toBe(fault === 'fail_after' ? 2 : 1);
      expect(contentOf(next)).toBe(await truthOf(bench));
    }
  });

  test('that was frozen and wakes up after it was replaced spoils nothing', async () => {
    const bench = await newBench();
    const slow = await newCaches({ blockBytes: 1e9, blockMs: 1e9 });
    const frozen = await acquire(bench, { caches: slow.caches });
    await appendValues(bench, 'usage-events', use({ requestId: 'a' }));
    await drain(frozen);
    const cache = await newCaches({}, slow.dir);
    const owner = await acquire(bench, { caches: cache.caches });
    await appendValues(bench, 'usage-events', use({ requestId: 'b' }));
    await drain(owner);
    await frozen.close();
    await appendValues(bench, 'usage-events', use({ requestId: 'c' }));
    await drain(owner);
    await owner.close();
    const next = await acquire(bench, { caches: cache.caches });
    await next.close();
    // The frozen one had written nothing yet when the owner came.
    expect(cache.told()).toEqual(['refused incomplete', 'used']);
    expect(onlyCell(next).progress.step).toBe(3);
    expect(contentOf(next)).toBe(await truthOf(bench));
  });
});

/** Each of these makes the cache useless; the state comes from the changelog. */
interface Refusal {
  readonly name: string;
  readonly reason: string;
  readonly spoil: (bench: Bench, cache: CacheBench) => Promise<unknown>;
}

const REFUSALS: readonly Refusal[] = [
  { name: 'is empty', reason: 'torn', spoil: (_, { file }) => writeFile(file, '') },
  {
    name: 'is something else',
    reason: 'other_format',
    spoil: (_, { file }) => writeFile(file, 'x'.repeat(999)),
  },
  { name: 'has a torn header', reason: 'torn', spoil: (_, { file }) => cut(file, 30) },
  {
    name: 'has an altered header',
    reason: 'torn',
    spoil: (_, { file }) => altered(file, (bytes) => bytes.writeUInt8(0, 20)),
  },
  {
    name: 'is of another form',
    reason: 'other_format',
    spoil: (_, { file }) => altered(file, (bytes) => bytes.write('ledgcacX', 'latin1')),
  },
  { name: 'has lost all its blocks', reason: 'incomplete', spoil: (_, { file }) => cut(file, 160) },
  {
    name: 'is a folder',
    reason: 'unreadable',
    async spoil(_, { file }) {
      await rm(file);
      await mkdir(file);
    },
  },
  {
    name: 'is of another service',
    reason: 'other_place',
    async spoil(bench, cache) {
      const task = await acquire(bench, {
        caches: cache.caches,
        processor: { ...forgetful, service: 'invoice-rollups', publishesAdmission: true },
      });
      await appendValues(bench, 'usage-events', use({ requestId: 'z' }));
      await drain(task);
      await task.close();
      await rename(join(cache.dir, 'invoice-rollups-0.cache'), cache.file);
    },
  },
  {
    name: 'is of another cluster',
    reason: 'other_cluster',
    async spoil(_, cache) {
      const elsewhere = await newBench({ clusterId: 'elsewhere' });
      await rm(cache.file);
      await worked(elsewhere, cache, ['a']);
    },
  },
  {
    name: 'is of a changelog that was made again',
    reason: 'other_topic',
    async spoil({ log }) {
      await log.admin.deleteTopics([CHANGELOG]);
      await log.admin.createTopics([{ name: CHANGELOG, partitions: 1, replicationFactor: 1, config: {} }]);
    },
  },
  {
    name: 'ends where the log has nothing of its own any more',
    reason: 'position_compacted',
    async spoil(bench) {
      const other = await acquire(bench);
      await appendValues(bench, 'usage-events', use({ requestId: 'z' }));
      await drain(other);
      await other.close();
      bench.log.compact(CHANGELOG, 0, 'drop');
    },
  },
  {
    name: 'ends before the log begins',
    reason: 'before_log',
    async spoil(bench) {
      const other = await acquire(bench);
      await appendValues(bench, 'usage-events', use({ requestId: 'z' }));
      await drain(other);
      await other.close();
      const [bounds] = await bench.log.bounds([{ topic: CHANGELOG, partition: 0 }]);
      // All of the state is in the last step again, so that the truth can still be read.
      bench.log.truncate(CHANGELOG, 0, (bounds?.end ?? 0) - 1);
    },
  },
  {
    name: 'is older than deletions are kept for certain',
    reason: 'too_old',
    async spoil({ clock }) {
      clock.now += CACHE_AGE_MAX_MS + 1;
    },
  },
];

async function cut(file: string, length: number): Promise<void> {
  await writeFile(file, (await readFile(file)).subarray(0, length));
}

async function altered(file: string, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(file);
  change(bytes);
  await writeFile(file, bytes);
}

describe('a cache is thrown away', () => {
  test.each(REFUSALS)('that $name', async ({ reason, spoil }) => {
    const bench = await newBench();
    const cache = await newCaches();
    await worked(bench, cache, ['a', 'b', 'c']);
    await spoil(bench, cache);
    cache.told();
    const task = await acquire(bench, { caches: cache.caches });
    await task.close();
    const told = cache.told();
    expect(told[0]).toBe(`refused ${reason}`);
    expect(told.length).toBe(reason === 'unreadable' ? 2 : 1);
    expect(contentOf(task)).toBe(await truthOf(bench));
  });

  test('of a log that lost its end, and of one that went on differently after that', async () => {
    for (const goesOn of [0, 1, 2, 3, 6]) {
      const whole = await newBench();
      const cache = await newCaches();
      await worked(whole, cache, ['a', 'b', 'c']);
      // The same cluster and topic, whose broker has kept the first use only.
      const lost = await newBench();
      await worked(lost, await newCaches(), ['a']);
      for (let n = 0; n < goesOn; n += 1) await worked(lost, await newCaches(), [`other-${n}`]);
      const task = await acquire(lost, { caches: cache.caches });
      await task.close();
      expect(cache.told()[0]).toMatch(/^refused (?:ahead_of_log|other_history|position_compacted)$/);
      expect(contentOf(task)).toBe(await truthOf(lost));
    }
  });

  test('a day before that age it is used', async () => {
    const bench = await newBench();
    const cache = await newCaches();
    await worked(bench, cache, ['a']);
    bench.clock.now += CACHE_AGE_MAX_MS - DAY_MS;
    await (await acquire(bench, { caches: cache.caches })).close();
    expect(cache.told()).toEqual(['used']);
  });

  test('long before its changelog may forget that a key was deleted', () => {
    const specs = topicSpecs({ partitions: 1, replicationFactor: 1 });
    const changelogs = specs.filter(({ name }) => name.endsWith('-changelog'));
    expect(changelogs.length).toBeGreaterThan(0);
    for (const { config } of changelogs)
      expect(Number(config['delete.retention.ms'])).toBeGreaterThan(5 * CACHE_AGE_MAX_MS);
  });

  test('when it cannot be read to its end: the task is acquired again without it', async () => {
    const bench = await newBench();
    const cache = await newCaches();
    await worked(bench, cache, ['a']);
    const processor = { ...forgetful, tables: {} };
    await expect(acquire(bench, { caches: cache.caches, processor })).rejects.toMatchObject({
      kind: 'retriable',
      code: 'cache_unusable',
    });
    expect(await readdir(cache.dir)).toEqual([]);
  });
});

describe('a folder that cannot be written', () => {
  test('is told once, and the task works without a cache', async () => {
    const bench = await newBench();
    const { dir } = await newCaches();
    await writeFile(join(dir, 'file'), '');
    const cache = await newCaches({}, join(dir, 'file', 'below'));
    await worked(bench, cache, ['a', 'b']);
    expect(cache.told()).toContain('stopped unwritable');
    expect(onlyCell(await acquire(bench)).progress.step).toBe(2);
  });

  test('fast enough stops the cache, and what it has is still right', async () => {
    const bench = await newBench();
    const cache = await newCaches({ queuedBytesMax: -1 });
    await worked(bench, cache, ['a', 'b']);
    expect(cache.told()).toEqual(['stopped behind']);
    const task = await acquire(bench, { caches: (await newCaches({}, cache.dir)).caches });
    await task.close();
    expect(contentOf(task)).toBe(await truthOf(bench));
  });
});

describe('a file that was torn', () => {
  test('at any byte of its last block ends with the block before, and never with half of it', async () => {
    const bench = await newBench();
    const cache = await newCaches();
    const task = await acquire(bench, { caches: cache.caches });
    const sizes: number[] = [];
    for (const requestId of ['a', 'b', 'c']) {
      await appendValues(bench, 'usage-events', use({ requestId }));
      await drain(task);
      await expect.poll(async () => (await stat(cache.file)).size).toBeGreaterThan(sizes.at(-1) ?? 200);
      sizes.push((await stat(cache.file)).size);
    }
    await task.close();
    const [, before = 0, end = 0] = sizes;
    const whole = await readFile(cache.file);
    const truth = await truthOf(bench);
    const identity = { service: 'rating', partition: 0, clusterId: 'memory', topicId: await idOf(bench) };
    const shorter = await CacheFile.open(await copyOf(cache.file, whole.subarray(0, before)), identity);
    for (let at = before; at < end; at += 1) {
      // Cut off there, or with one wrong byte there, as a disk would leave it.
      const wrong = Buffer.from(whole);
      wrong.writeUInt8((wrong[at] ?? 0) ^ 0x41, at);
      for (const bytes of [whole.subarray(0, at), wrong]) {
        const found = await CacheFile.open(await copyOf(cache.file, bytes), identity);
        expect(await readAll(found), `torn at ${at}`).toEqual(await readAll(shorter));
        if (found instanceof CacheFile) await found.close();
      }
      if (at % 64 !== 0) continue;
      await writeFile(cache.file, wrong);
      cache.told();
      const next = await acquire(bench, { caches: cache.caches });
      await next.close();
      expect(cache.told(), `torn at ${at}`).toEqual(['torn', 'used']);
      expect(contentOf(next)).toBe(truth);
    }
    if (shorter instanceof CacheFile) await shorter.close();
  });
});

async function idOf({ log }: Bench): Promise<string> {
  return (await log.topicIds([CHANGELOG])).get(CHANGELOG) ?? '';
}

async function copyOf(file: string, bytes: Buffer): Promise<string> {
  const copy = `${file}.torn`;
  await rm(copy, { force: true });
  await writeFile(copy, bytes);
  return copy;
}

/** Position, checkpoint and all records that count. */
async function readAll(found: CacheFile | string | null): Promise<unknown> {
  if (!(found instanceof CacheFile)) return found;
  const records: string[] = [];
  for await (const { block, starts } of found.live())
    for (const at of starts) records.push(block.toString('latin1', at, recordEnd(block, at)));
  return {
    position: found.position,
    checkpoint: found.checkpoint.toString('latin1'),
    records: records.sort(),
  };
}

/** What happens between two looks at the state. */
interface Turn {
  readonly uses: readonly { readonly key: string; readonly id: number; readonly forDays: number }[];
  readonly tick: boolean;
  readonly days: number;
  readonly then:
    | 'goes_on'
    | 'closes'
    | 'is_killed'
    | 'other_owner'
    | 'compacts'
    | 'keeps_an_old_copy'
    | 'puts_it_back';
}

const turn: fc.Arbitrary<Turn> = fc.record({
  uses: fc.array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      id: fc.integer({ min: 0, max: 30 }),
      forDays: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 4 },
  ),
  tick: fc.boolean(),
  days: fc.integer({ min: 0, max: 12 }),
  then: fc.constantFrom(
    'goes_on',
    'closes',
    'is_killed',
    'other_owner',
    'compacts',
    'keeps_an_old_copy',
    'puts_it_back',
  ),
});

class History {
  readonly #bench: Bench;
  readonly #cache: CacheBench;
  #task: Task | null = null;
  readonly #killed: Task[] = [];
  #ticks = 0;

  constructor(bench: Bench, cache: CacheBench) {
    this.#bench = bench;
    this.#cache = cache;
  }

  async play({ uses, tick, days, then }: Turn): Promise<void> {
    const { clock } = this.#bench;
    clock.now += days * DAY_MS;
    const occurredAt = instantOfMillis(clock.now);
    for (const { key, id, forDays } of uses) {
      const change = { projectId: key, requestId: `id-${id}`, inputTokens: forDays * DAY_MS, occurredAt };
      await appendValues(
        this.#bench,
        'usage-events',
        use({ ...change, cacheReadTokens: 0, cacheWriteTokens: 0 }),
      );
    }
    if (tick) {
      this.#ticks += 1;
      await appendValues(this.#bench, 'clock-ticks', { sequence: this.#ticks, time: occurredAt });
    }
    const isOther = then === 'other_owner';
    if (isOther) await this.end();
    await drain(await this.#owner(isOther));
    await this.#after(then);
  }

  async end(): Promise<void> {
    await this.#task?.close();
    this.#task = null;
  }

  /** Gives back what the killed ones held open. */
  async bury(): Promise<void> {
    for (const task of this.#killed) await task.close();
  }

  /** The state as the cache gives it, and as the changelog alone does. */
  async look(): Promise<readonly [string, string]> {
    await this.end();
    const cached = await this.#owner(false);
    await this.end();
    const plain = await acquire(this.#bench, { processor: forgetful });
    await plain.close();
    return [contentOf(cached), contentOf(plain)];
  }

  async #owner(isOther: boolean): Promise<Task> {
    const caches = isOther ? undefined : this.#cache.caches;
    this.#task ??= await acquire(this.#bench, { processor: forgetful, caches });
    return this.#task;
  }

  async #after(then: Turn['then']): Promise<void> {
    const copy = `${this.#cache.file}.copy`;
    if (then === 'closes' || then === 'other_owner') await this.end();
    // Whoever comes next fences it; what it has not written yet it never writes.
    if (then === 'is_killed' && this.#task !== null) {
      this.#killed.push(this.#task);
      this.#task = null;
    }
    // Compaction drops deletions as well; only a restore under way would still need them.
    if (then === 'compacts') this.#bench.log.compact(CHANGELOG, 0, 'drop');
    if (then === 'keeps_an_old_copy') await copyFile(this.#cache.file, copy).catch(() => undefined);
    if (then === 'puts_it_back') {
      await this.end();
      await copyFile(copy, this.#cache.file).catch(() => undefined);
    }
  }
}

test('state is the same with and without a cache, after any history', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(turn, { maxLength: 14 }),
      fc.constantFrom(1, 2_000),
      async (turns, rewriteBytesMin) => {
        const bench = await newBench();
        const cache = await newCaches({ rewriteBytesMin });
        const history = new History(bench, cache);
        for (const next of turns) {
          await history.play(next);
          const [cached, plain] = await history.look();
          expect(cached).toBe(plain);
        }
        await history.bury();
      },
    ),
    { numRuns: 30 },
  );
}, 120_000);

describe('a file that grows', () => {
  test('is cleaned up while the task goes on, and stays small', async () => {
    const bench = await newBench();
    const cache = await newCaches({ rewriteBytesMin: 4_000 });
    const task = await acquire(bench, { caches: cache.caches, processor: forgetful });
    let largest = 0;
    for (let n = 0; n < 300; n += 1) {
      await appendValues(bench, 'usage-events', use({ requestId: 'same', projectId: `p${n % 3}` }));
      await appendValues(bench, 'clock-ticks', { sequence: n, time: instantOfMillis(bench.clock.now) });
      await drain(task);
      if (n % 10 === 0) largest = Math.max(largest, (await stat(cache.file)).size);
    }
    await task.close();
    expect(largest).toBeLessThan(20_000);
    const next = await acquire(bench, { caches: cache.caches, processor: forgetful });
    await next.close();
    expect(cache.told()).toEqual(['used']);
    const plain = await acquire(bench, { processor: forgetful });
    expect(contentOf(next)).toBe(contentOf(plain));
    expect((await readdir(cache.dir)).length).toBe(1);
  });

  test('and is left in the middle of that is found as it was before', async () => {
    const bench = await newBench();
    const cache = await newCaches();
    await worked(bench, cache, ['a', 'b']);
    await writeFile(`${cache.file}.left.new`, 'half');
    const task = await acquire(bench, { caches: cache.caches });
    await task.close();
    expect(cache.told()).toEqual(['used']);
    expect(await readdir(cache.dir)).toEqual(['rating-0.cache']);
  });
});
