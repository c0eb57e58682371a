/**
 * A service as one or several instances over the log in memory: fixed shares, elastic groups, and what stops it; and the
 * settings a process is started with.
 */
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../infra/embedded/wait.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import { parseAccountId } from '../../schemas/ids.ts';
import { partitionOf } from '../../topology/partitioner.ts';
import { replayTask } from '../../topology/replay.ts';
import { runService } from '../../topology/service.ts';
import { type InstanceOptions, runInstance } from '../../topology/share.ts';
import { logWith } from '../support/log-double.ts';
import { BENCH_LIMITS, type Bench, newBench, tally, use, valuesOf } from '../support/task-bench.ts';

const PARTITIONS = 4;
const LIMITS = { ...BENCH_LIMITS, fetchWaitMs: 5, commitIntervalMs: 0, stepRecordsMax: 7 };

interface LogLine {
  readonly msg: string;
  readonly partitions?: readonly number[];
  readonly ready?: boolean;
  readonly partition?: number;
  readonly reaction?: string;
}

function start(bench: Bench, instance: string, change: Partial<InstanceOptions> = {}) {
  const lines: LogLine[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const stopping = new AbortController();
  const { log, directory } = bench;
  const { signal } = stopping;
  const options = { processor: tally, log, directory, limits: LIMITS, logger, signal, ...change };
  const ended = runInstance(options, instance);
  ended.catch(() => undefined);
  const stop = (): Promise<void> => {
    stopping.abort();
    return ended;
  };
  const shares = (): readonly (readonly number[])[] =>
    lines.filter(({ ready }) => ready === true).map(({ partitions = [] }) => partitions);
  return { lines, shares, ended, stop };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  expect(await waitUntil(async () => condition(), { timeoutMs: 15_000, intervalMs: 2 })).toBe(true);
}

/** One use for each of many accounts, on the partition of its key. */
async function appendUses(bench: Bench, from: number, to: number): Promise<void> {
  const id = bench.directory.idOf('UsageEvent');
  for (let index = from; index < to; index += 1) {
    const accountId = parseAccountId(`acct-${index % 40}`);
    const key = Buffer.from(accountId);
    const value = encodeFramed('UsageEvent', use({ accountId, requestId: `req-${index}` }), id);
    await bench.log.append([{ topic: 'usage-events', partition: partitionOf(key, PARTITIONS), key, value }]);
  }
}

async function claimed(bench: Bench): Promise<readonly string[]> {
  return (await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).map(({ caseId }) => caseId);
}

async function expectOnceEach(bench: Bench, count: number): Promise<void> {
  const expected = Array.from({ length: count }, (_, index) => `req-${index}`);
  expect((await claimed(bench)).toSorted()).toEqual(expected.toSorted());
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const report = await replayTask({ ...bench, processor: tally, partition, limits: LIMITS });
    expect(report.difference).toBeNull();
  }
}

describe('fixed shares', () => {
  test('instance k of n takes every n-th partition; together they do everything once', async () => {
    const bench = await newBench({ partitions: PARTITIONS });
    await appendUses(bench, 0, 100);
    const instances = ['0/3', '1/3', '2/3'].map((instance) => start(bench, instance));
    await until(async () => (await claimed(bench)).length === 100);
    expect(instances.map(({ shares }) => shares())).toEqual([[[0, 3]], [[1]], [[2]]]);
    for (const { stop } of instances) await stop();
    await expectOnceEach(bench, 100);
  });

  test.each([
    ['3/3', 'instances are numbered 0 to 2'],
    ['4/6', 'there are 4 partitions, none is left for it'],
  ])('instance %s does not start', async (instance, message) => {
    const bench = await newBench({ partitions: PARTITIONS });
    await expect(start(bench, instance).ended).rejects.toThrow(`LEDGER_INSTANCE ${instance}: ${message}`);
  });

  test('an instance started twice: the first one ends and says why, the second goes on', async () => {
    const bench = await newBench({ partitions: PARTITIONS });
    const first = start(bench, '0/1');
    await until(() => first.shares().length === 1);
    await appendUses(bench, 0, 40);
    const second = start(bench, '0/1');
    await until(() => second.shares().length === 1);
    await appendUses(bench, 40, 80);
    await expect(first.ended).rejects.toThrow(
      'another instance has taken over partitions 0, 1, 2, 3, or some of them',
    );
    await until(async () => (await claimed(bench)).length === 80);
    await second.stop();
    await expectOnceEach(bench, 80);
  });

  const divisions = [
    ['0/1', ['0/2', '1/2']],
    ['0/2', ['0/1']],
    ['1/3', ['0/2', '1/2']],
    ['0/1', ['group']],
    ['group', ['0/1']],
  ] as const;
  test.each(divisions)(
    'an instance %s is still at work when %j are started: it commits nothing more, nothing is lost or done twice',
    async (before, after) => {
      const bench = await newBench({ partitions: PARTITIONS });
      const first = start(bench, before);
      await until(() => first.shares().length > 0);
      await appendUses(bench, 0, 60);
      await until(async () => (await claimed(bench)).length > 0);
      const others = after.map((instance) => start(bench, instance));
      await until(() => others.every(({ shares }) => shares().length > 0));
      await appendUses(bench, 60, 140);
      await until(() => first.lines.some(({ reaction }) => reaction === 'stand_back'));
      await until(async () => (await claimed(bench)).length === 140);
      await first.stop().catch(() => undefined);
      for (const { stop } of others) await stop();
      await expectOnceEach(bench, 140);
    },
  );

  test('ready is said once, however often the share is acquired', async () => {
    let failures = 3;
    const bench = await newBench({
      partitions: PARTITIONS,
      faults: (point) => {
        // The first steps are lost, so the share is acquired once more for each.
        if (point.at !== 'commit' || point.records === PARTITIONS || failures === 0) return 'none';
        failures -= 1;
        return 'lose_request';
      },
    });
    await appendUses(bench, 0, 20);
    const running = start(bench, '0/1');
    await until(() => running.shares().length > 0);
    await until(async () => (await claimed(bench)).length === 20);
    expect(failures).toBe(0);
    await running.stop();
    expect(running.shares()).toEqual([[0, 1, 2, 3]]);
  });

  test('a task that must end the process ends the others too', async () => {
    const bench = await newBench({ partitions: PARTITIONS });
    const processor = {
      ...tally,
      decide: (...given: Parameters<typeof tally.decide>) => {
        if (given[1].cause.partition === 2) throw new Error('the sum is negative');
        return tally.decide(...given);
      },
    };
    const running = start(bench, '0/1', { processor });
    await until(() => running.shares().length === 1);
    await appendUses(bench, 0, 40);
    await expect(running.ended).rejects.toThrow(
      'rating cannot process usage-events/2@0: the sum is negative',
    );
  });
});

describe('inputs with unequal partition counts', () => {
  test.each(['0/1', 'group'])('refuse to start as %s, with each count', async (instance) => {
    const bench = await newBench({ partitions: PARTITIONS });
    const log = logWith(bench.log, {
      partitionCount: async (topic) => (topic === 'clock-ticks' ? 5 : PARTITIONS),
    });
    await expect(start(bench, instance, { log }).ended).rejects.toThrow(
      'the inputs of rating must have the same partition count: ' +
        'accounts has 4, usage-events has 4, clock-ticks has 5',
    );
  });
});

describe('an elastic group', () => {
  test('shares the partitions; one leaves, the other takes over, and nothing is lost or done twice', async () => {
    const bench = await newBench({ partitions: PARTITIONS });
    const first = start(bench, 'group');
    await until(() => first.shares().at(-1)?.length === 4);
    await appendUses(bench, 0, 60);
    const second = start(bench, 'group');
    await until(() => first.shares().at(-1)?.length === 2 && second.shares().at(-1)?.length === 2);
    await appendUses(bench, 60, 120);
    const shared = [...(first.shares().at(-1) ?? []), ...(second.shares().at(-1) ?? [])];
    expect(shared.toSorted()).toEqual([0, 1, 2, 3]);
    await first.stop();
    await until(() => second.shares().at(-1)?.length === 4);
    await appendUses(bench, 120, 180);
    await until(async () => (await claimed(bench)).length === 180);
    await second.stop();
    await expectOnceEach(bench, 180);
  });

  test('members that come and go while records arrive lose nothing', async () => {
    const bench = await newBench({ partitions: PARTITIONS });
    let sent = 0;
    const feed = async (): Promise<void> => {
      await appendUses(bench, sent, sent + 30);
      sent += 30;
    };
    const stay = start(bench, 'group');
    for (let turn = 0; turn < 4; turn += 1) {
      await feed();
      const guest = start(bench, 'group');
      await until(() => guest.shares().length > 0);
      await feed();
      await guest.stop();
      await feed();
    }
    await until(async () => (await claimed(bench)).length === sent);
    await stay.stop();
    await expectOnceEach(bench, sent);
  });

  test('a member whose task was fenced takes it up again with the next assignment, not before', async () => {
    const bench = await newBench({ partitions: PARTITIONS });
    const member = start(bench, 'group');
    await until(() => member.shares().at(-1)?.length === 4);
    await appendUses(bench, 0, 40);
    await until(async () => (await claimed(bench)).length === 40);
    await bench.log.openTransaction('rating-1');
    await appendUses(bench, 40, 80);
    await until(() => member.lines.some(({ reaction }) => reaction === 'stand_back'));
    const before = (await claimed(bench)).length;
    expect(before).toBeLessThan(80);
    const passing = await bench.log.join('rating', PARTITIONS);
    await passing.leave();
    await until(async () => (await claimed(bench)).length === 80);
    await member.stop();
    await expectOnceEach(bench, 80);
  });

  test('a task that must end the process ends the member, which leaves its partitions to others', async () => {
    const bench = await newBench({ partitions: PARTITIONS });
    const processor = {
      ...tally,
      decide: (): never => {
        throw new Error('the sum is negative');
      },
    };
    const broken = start(bench, 'group', { processor });
    await until(() => broken.shares().length === 1);
    await appendUses(bench, 0, 40);
    await expect(broken.ended).rejects.toThrow('the sum is negative');
    const healthy = start(bench, 'group');
    await until(async () => (await claimed(bench)).length === 40);
    expect(healthy.shares().at(-1)).toEqual([0, 1, 2, 3]);
    await healthy.stop();
    await expectOnceEach(bench, 40);
  });
});

describe('settings', () => {
  const good = { KAFKA_BROKERS: '127.0.0.1:1', SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1' };
  const cases: readonly (readonly [string, object, string])[] = [
    ['no broker', { ...good, KAFKA_BROKERS: undefined }, 'KAFKA_BROKERS'],
    ['an empty broker', { ...good, KAFKA_BROKERS: '' }, 'KAFKA_BROKERS'],
    ['no registry', { ...good, SCHEMA_REGISTRY_URL: 'registry' }, 'SCHEMA_REGISTRY_URL'],
    ['a share without a total', { ...good, LEDGER_INSTANCE: '1' }, 'LEDGER_INSTANCE'],
    ['a share of nothing', { ...good, LEDGER_INSTANCE: '0/0' }, 'LEDGER_INSTANCE'],
    ['a negative interval', { ...good, LEDGER_COMMIT_INTERVAL_MS: '-1' }, 'LEDGER_COMMIT_INTERVAL_MS'],
    [
      'an interval that is no number',
      { ...good, LEDGER_COMMIT_INTERVAL_MS: 'x' },
      'LEDGER_COMMIT_INTERVAL_MS',
    ],
    ['an unknown level', { ...good, LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
  ];
  test.each(cases)('%s is refused by name before anything is opened', async (_, env, name) => {
    const running = runService(tally, env, new AbortController().signal);
    await expect(running).rejects.toThrow(new RegExp(`the environment is not usable: .*${name}`));
  });

  test('all problems are told at once', async () => {
    const running = runService(tally, { LOG_LEVEL: 'loud' }, new AbortController().signal);
    await expect(running).rejects.toThrow(/KAFKA_BROKERS.*SCHEMA_REGISTRY_URL.*LOG_LEVEL/);
  });
});
