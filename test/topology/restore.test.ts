/** Taking a task over: whose barrier ends the reading, and what makes a task refuse to start. */
import { describe, expect, test } from 'vitest';
import { encodeFramed } from '../../schemas/codec.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { reactionTo } from '../../topology/failures.ts';
import { table } from '../../topology/processor.ts';
import type { TopicName } from '../../topology/topics.ts';
import { logWith } from '../support/log-double.ts';
import {
  acquire,
  appendBytes,
  appendValues,
  type Bench,
  drain,
  NOW,
  newBench,
  onlyCell,
  tally,
  use,
} from '../support/task-bench.ts';

function failureOf(acquiring: Promise<unknown>): Promise<unknown> {
  return acquiring.then(
    () => null,
    (error: unknown) => error,
  );
}

/** A task that has taken three uses and one tick. */
async function worked(): Promise<Bench> {
  const bench = await newBench();
  for (const requestId of ['a', 'b', 'c']) await appendValues(bench, 'usage-events', use({ requestId }));
  await appendValues(bench, 'clock-ticks', { sequence: 1, time: instantOfMillis(NOW) });
  await drain(await acquire(bench));
  return bench;
}

describe('barriers', () => {
  test('reading goes on past the barriers of earlier owners, to our own', async () => {
    const bench = await newBench();
    const { directory } = bench;
    for (const barrierId of ['one', 'two']) {
      const value = encodeFramed('Barrier', { barrierId }, directory.idOf('Barrier'));
      await appendBytes(bench, { topic: 'rating-changelog', key: Buffer.from('!barrier') }, value);
    }
    const checkpoint = {
      clusterId: 'memory',
      positions: [],
      streamTime: null,
      step: 7,
      digest: Buffer.alloc(32, 7),
    };
    const value = encodeFramed('Checkpoint', checkpoint, directory.idOf('Checkpoint'));
    await appendBytes(bench, { topic: 'rating-changelog', key: Buffer.from('!checkpoint') }, value);
    const task = await acquire(bench);
    expect(onlyCell(task).progress).toEqual({ step: 7, digest: checkpoint.digest, streamTime: null });
  });

  test('what a former owner left open is ended before anything is read', async () => {
    const bench = await newBench();
    const left = await bench.log.openTransaction('rating-0');
    await left.write([
      {
        topic: 'rating-changelog',
        partition: 0,
        key: Buffer.from('!checkpoint'),
        value: Buffer.from('half'),
      },
    ]);
    const task = await acquire(bench);
    expect(onlyCell(task).progress.step).toBe(0);
    await expect(left.commit()).rejects.toMatchObject({ kind: 'fenced' });
  });
});

describe('an input in which our position does not exist', () => {
  const cases: readonly (readonly [string, (bench: Bench) => Promise<void>, string])[] = [
    [
      'lost records that we have not read',
      async (bench) => {
        await appendValues(bench, 'usage-events', use(), use());
        bench.log.truncate('usage-events', 0, 5);
      },
      'input_lost: rating stands at usage-events/0@3 but the log starts at 5: records were deleted',
    ],
    [
      'was created anew',
      async (bench) => {
        await bench.log.admin.deleteTopics(['usage-events']);
        await bench.log.admin.createTopics([
          { name: 'usage-events', partitions: 1, replicationFactor: 1, config: {} },
        ]);
        await appendValues(bench, 'usage-events', use());
      },
      'input_lost: rating stands at usage-events/0@3 but the log ends at 1: it was recreated',
    ],
  ];
  test('was created anew and filled beyond our position: it is known by its id', async () => {
    const bench = await worked();
    await madeAgain(bench, 'usage-events');
    for (const requestId of ['d', 'e', 'f', 'g'])
      await appendValues(bench, 'usage-events', use({ requestId }));
    const failure = await failureOf(acquire(bench));
    expect(String(failure)).toMatch(
      /input_replaced: rating stands at usage-events\/0@3 of topic topic-\d+, this is topic-\d+: it was recreated/,
    );
    expect(reactionTo(failure)).toBe('exit');
  });

  test('is another one, empty as the first was: its id tells that too', async () => {
    const bench = await worked();
    await madeAgain(bench, 'accounts');
    expect(String(await failureOf(acquire(bench)))).toContain(
      'input_replaced: rating stands at accounts/0@0',
    );
  });

  test('has no id in a checkpoint of an earlier version: the next step keeps it', async () => {
    const bench = await worked();
    const { directory } = bench;
    const positions = [{ topic: 'usage-events', offset: 3, topicId: null }];
    const earlier = {
      clusterId: 'memory',
      positions,
      streamTime: null,
      step: 1,
      digest: Buffer.alloc(32, 7),
    };
    const value = encodeFramed('Checkpoint', earlier, directory.idOf('Checkpoint'));
    await appendBytes(bench, { topic: 'rating-changelog', key: Buffer.from('!checkpoint') }, value);
    await madeAgain(bench, 'usage-events');
    for (const requestId of ['d', 'e', 'f', 'g'])
      await appendValues(bench, 'usage-events', use({ requestId }));
    await drain(await acquire(bench));
    await madeAgain(bench, 'usage-events');
    for (const requestId of ['d', 'e', 'f', 'g'])
      await appendValues(bench, 'usage-events', use({ requestId }));
    expect(String(await failureOf(acquire(bench)))).toContain('input_replaced');
  });

  test.each(cases)('%s: the task refuses to start', async (_, spoil, message) => {
    const bench = await worked();
    await spoil(bench);
    const failure = await failureOf(acquire(bench));
    expect(String(failure)).toContain(message);
    expect(reactionTo(failure)).toBe('exit');
  });

  test('lost its start before the first step ever: nothing is skipped silently either', async () => {
    const bench = await newBench();
    await appendValues(bench, 'accounts', accountOf('acme'), accountOf('acme'));
    bench.log.truncate('accounts', 0, 1);
    expect(String(await failureOf(acquire(bench)))).toContain('accounts/0@0 but the log starts at 1');
  });

  test('records that were read and then deleted are no loss', async () => {
    const bench = await worked();
    bench.log.truncate('usage-events', 0, 3);
    expect(onlyCell(await acquire(bench)).progress.step).toBe(1);
  });

  test('loses records while the task runs: the task ends and names the place', async () => {
    const bench = await newBench();
    const task = await acquire(bench);
    for (const requestId of ['a', 'b']) await appendValues(bench, 'usage-events', use({ requestId }));
    bench.log.truncate('usage-events', 0, 1);
    const failure = await failureOf(task.inbox.fill());
    expect(String(failure)).toContain('usage-events/0 at 0');
    expect(reactionTo(failure)).toBe('exit');
  });
});

async function madeAgain({ log }: Bench, name: TopicName): Promise<void> {
  await log.admin.deleteTopics([name]);
  await log.admin.createTopics([{ name, partitions: 1, replicationFactor: 1, config: {} }]);
}

function accountOf(name: string) {
  return {
    accountId: use().accountId,
    version: 1,
    name,
    currency: 'USD',
    timeZone: 'UTC',
    status: 'active',
    effectiveAt: instantOfMillis(NOW),
  };
}

describe('state that is not ours', () => {
  test('a checkpoint of another cluster refuses', async () => {
    const bench = await worked();
    const moved = logWith(bench.log, { clusterId: async () => 'elsewhere' });
    const failure = await failureOf(acquire(bench, { log: moved }));
    expect(String(failure)).toContain(
      'other_cluster: rating-0 was checkpointed on cluster memory, this is elsewhere',
    );
    expect(reactionTo(failure)).toBe('exit');
  });

  test('a table that this version does not know refuses', async () => {
    const bench = await worked();
    const processor = { ...tally, tables: { renamed: table('ClockTick') } };
    const failure = await failureOf(acquire(bench, { processor }));
    expect(String(failure)).toContain('table "counts", which this version does not know');
    expect(reactionTo(failure)).toBe('exit');
  });

  test('a value of another record type refuses and names its place', async () => {
    const bench = await worked();
    const processor = { ...tally, tables: { counts: table('Barrier') } };
    const failure = await failureOf(acquire(bench, { processor }));
    expect(String(failure)).toMatch(/rating-changelog\/0@\d+ is not a Barrier/);
  });

  test('bytes that are no record refuse', async () => {
    const bench = await worked();
    const key = Buffer.from('counts/acme');
    await appendBytes(bench, { topic: 'rating-changelog', key }, Buffer.from('{"n":1}'));
    const failure = await failureOf(acquire(bench));
    expect(reactionTo(failure)).toBe('exit');
    expect(String(failure)).toMatch(/rating-changelog/);
  });
});
