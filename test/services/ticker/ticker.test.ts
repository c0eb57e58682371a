import { describe, expect, test } from 'vitest';
import { topicSpecs } from '../../../infra/apply/topic-specs.ts';
import { decodeFramed } from '../../../schemas/codec.ts';
import { type Instant, instantOfMillis } from '../../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../../schemas/schema-directory-memory.ts';
import { tickUntil } from '../../../services/ticker/run.ts';
import { parseTickerSettings } from '../../../services/ticker/settings.ts';
import { Ticker } from '../../../services/ticker/ticker.ts';
import { MemoryLog } from '../../../topology/log-memory.ts';
import type { Fault } from '../../../topology/log-memory-faults.ts';
import { PublishError } from '../../../topology/publish-error.ts';

const directory = new MemorySchemaDirectory();

async function openLog(faults: Fault[] = []): Promise<MemoryLog> {
  const log = new MemoryLog({
    now: () => 0,
    faults: ({ at }) => (at === 'commit' ? (faults.shift() ?? 'none') : 'none'),
  });
  await log.admin.createTopics(topicSpecs({ partitions: 3, replicationFactor: 1 }));
  return log;
}

/** Sequence and time of every tick on one partition. */
async function ticksOn(log: MemoryLog, partition: number): Promise<readonly (readonly [number, number])[]> {
  const limits = { fetchBytesMax: 1_000_000, partitionBytesMax: 1_000_000, fetchWaitMs: 1 };
  const reader = await log.reader({ positions: [{ topic: 'clock-ticks', partition, offset: 0 }], ...limits });
  const slices = await reader.fetch();
  await reader.close();
  return slices
    .flatMap((slice) => slice.records)
    .map((record) => {
      const decoded = decodeFramed('ClockTick', record.value ?? Buffer.alloc(0), (id) =>
        directory.writerSchema(id),
      );
      if (!decoded.ok) throw new Error(decoded.message);
      return [decoded.value.sequence, decoded.value.time];
    });
}

function at(millis: number): Instant {
  return instantOfMillis(millis);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof PublishError ? error.code : String(error);
}

describe('a ticker', () => {
  test('starts at 1 and writes each tick to every partition', async () => {
    const log = await openLog();
    const ticker = await Ticker.open({ log, directory });
    expect(ticker.last).toBeNull();
    await ticker.publishTick(at(1_000));
    await ticker.publishTick(at(2_000));
    for (const partition of [0, 1, 2]) {
      expect(await ticksOn(log, partition)).toEqual([
        [1, 1_000],
        [2, 2_000],
      ]);
    }
  });

  test('never goes back, even if the clock does or stands still', async () => {
    const log = await openLog();
    const ticker = await Ticker.open({ log, directory });
    for (const time of [5_000, 4_000, 4_000, 5_001, 9_000]) await ticker.publishTick(at(time));
    expect((await ticksOn(log, 1)).map(([, time]) => time)).toEqual([5_000, 5_001, 5_002, 5_003, 9_000]);
  });

  test('goes on where the one before stopped', async () => {
    const log = await openLog();
    const first = await Ticker.open({ log, directory });
    await first.publishTick(at(7_000));
    await first.close();
    const second = await Ticker.open({ log, directory });
    expect(second.last).toEqual({ sequence: 1, time: 7_000 });
    expect(await second.publishTick(at(3_000))).toEqual({ sequence: 2, time: 7_001 });
  });

  test('finds the last tick behind many transactions without a record', async () => {
    const log = await openLog();
    const first = await Ticker.open({ log, directory });
    await first.publishTick(at(7_000));
    for (let aborted = 0; aborted < 200; aborted += 1) {
      const transaction = await log.openTransaction(`other-${aborted}`);
      await transaction.write([
        { topic: 'clock-ticks', partition: 0, key: Buffer.from('0'), value: Buffer.from('x') },
      ]);
      await log.openTransaction(`other-${aborted}`);
    }
    expect((await Ticker.open({ log, directory })).last).toEqual({ sequence: 1, time: 7_000 });
  });

  test('calls at the same time are written one after the other', async () => {
    const log = await openLog();
    const ticker = await Ticker.open({ log, directory });
    await Promise.all([3, 1, 2].map((time) => ticker.publishTick(at(time))));
    expect(await ticksOn(log, 0)).toEqual([
      [1, 3],
      [2, 4],
      [3, 5],
    ]);
  });

  test('a second ticker fences the first, which stays out', async () => {
    const log = await openLog();
    const first = await Ticker.open({ log, directory });
    await first.publishTick(at(1_000));
    const second = await Ticker.open({ log, directory });
    expect(await codeOf(first.publishTick(at(2_000)))).toBe('fenced');
    expect(await codeOf(first.publishTick(at(3_000)))).toBe('fenced');
    await second.publishTick(at(4_000));
    expect(await ticksOn(log, 2)).toEqual([
      [1, 1_000],
      [2, 4_000],
    ]);
  });

  test.each<readonly [Fault, readonly (readonly [number, number])[]]>([
    ['fail_before', [[1, 2_000]]],
    ['lose_request', [[1, 2_000]]],
    ['stay_open', [[1, 2_000]]],
    [
      'fail_after',
      [
        [1, 1_000],
        [2, 2_000],
      ],
    ],
  ])('after %s it asks the log before it goes on', async (fault, expected) => {
    const log = await openLog([fault]);
    const ticker = await Ticker.open({ log, directory });
    await expect(ticker.publishTick(at(1_000))).rejects.toThrow(PublishError);
    await ticker.publishTick(at(2_000));
    for (const partition of [0, 1, 2]) expect(await ticksOn(log, partition)).toEqual(expected);
  });
});

describe('tickUntil', () => {
  test('ticks at the given times until the signal, and goes on after trouble', async () => {
    const log = await openLog(['none', 'fail_before']);
    const ticker = await Ticker.open({ log, directory });
    const stop = new AbortController();
    const troubles: unknown[] = [];
    let now = 0;
    const pause = async (): Promise<void> => {
      now += 1_000;
      if (now === 4_000) stop.abort();
    };
    const options = { now: () => at(now), pause, onTrouble: (error: unknown) => troubles.push(error) };
    expect(await tickUntil(ticker, options, stop.signal)).toBe('stopped');
    expect(troubles).toHaveLength(1);
    expect(await ticksOn(log, 0)).toEqual([
      [1, 0],
      [2, 2_000],
      [3, 3_000],
    ]);
  });

  test('ends when another ticker takes over', async () => {
    const log = await openLog();
    const ticker = await Ticker.open({ log, directory });
    const pause = async (): Promise<void> => void (await Ticker.open({ log, directory }));
    const options = { now: () => at(0), pause, onTrouble: () => undefined };
    expect(await tickUntil(ticker, options, new AbortController().signal)).toBe('fenced');
  });
});

describe('settings', () => {
  test('tick once a second', () => {
    const env = { KAFKA_BROKERS: 'b:9092', SCHEMA_REGISTRY_URL: 'http://r:8081' };
    expect(parseTickerSettings(env).TICK_INTERVAL_MS).toBe(1_000);
  });

  test('are complained of all at once', () => {
    for (const name of ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'TICK_INTERVAL_MS']) {
      expect(() => parseTickerSettings({ TICK_INTERVAL_MS: '1' })).toThrow(name);
    }
  });
});
