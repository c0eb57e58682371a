/**
 * One task: what a step commits, what survives a restart, and how unknown schemas are waited for without blocking.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFramed } from '../../schemas/codec.ts';
import { parseAccountId } from '../../schemas/ids.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { RegistryUnreachable, type SchemaDirectory } from '../../schemas/schema-directory.ts';
import { reactionTo } from '../../topology/failures.ts';
import { LogError } from '../../topology/log.ts';
import { replayTask } from '../../topology/replay.ts';
import { framed, goodBytes } from '../support/hostile-bytes.ts';
import { logWith } from '../support/log-double.ts';
import {
  acquire,
  appendBytes,
  appendValues,
  BENCH_LIMITS,
  type Bench,
  drain,
  NOW,
  newBench,
  onlyCell,
  tally,
  use,
  valuesOf,
} from '../support/task-bench.ts';

type Task = Awaited<ReturnType<typeof acquire>>;

function tick(sequence: number, at = NOW + sequence) {
  return { sequence, time: instantOfMillis(at) };
}

/** Everything that a task knows, in a form that can be compared. */
function memoryOf(task: Task) {
  const { state, progress } = onlyCell(task);
  const counts = state.store.tables['counts'];
  return {
    counts: [...(counts?.keys() ?? [])].map((key) => [key, counts?.get(key)]),
    seen: state.window.size,
    step: progress.step,
    streamTime: progress.streamTime,
    digest: progress.digest.toString('hex'),
    positions: task.inbox.positions(0),
  };
}

describe('a step', () => {
  test('writes outputs, state, the window of ids, checkpoint and step record at once', async () => {
    const bench = await newBench();
    await appendValues(bench, 'usage-events', use(), use(), use({ requestId: 'req-2' }));
    await appendValues(bench, 'clock-ticks', tick(1));
    const task = await acquire(bench);
    expect(await drain(task)).toBe(1);
    expect((await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).map(({ claimId }) => claimId)).toEqual([
      'acme-1',
      'acme-2',
    ]);
    expect((await valuesOf(bench, 'rating-rejected', 'Refusal')).map(({ code }) => code)).toEqual([
      'duplicate',
    ]);
    expect(await valuesOf(bench, 'rating-steps', 'Step')).toMatchObject([
      {
        service: 'rating',
        partition: 0,
        step: 1,
        ranges: [
          { topic: 'usage-events', from: 0, to: 3 },
          { topic: 'clock-ticks', from: 0, to: 1 },
        ],
        held: [],
        streamTime: NOW + 1,
        outputs: 3,
      },
    ]);
    expect(await bench.log.admin.groupPositions('rating', [{ topic: 'usage-events', partition: 0 }])).toEqual(
      [{ topic: 'usage-events', partition: 0, offset: 3 }],
    );
  });

  test('is none, and writes nothing, when nothing is waiting', async () => {
    const bench = await newBench();
    const task = await acquire(bench);
    expect(await task.step()).toEqual([]);
    expect(await valuesOf(bench, 'rating-steps', 'Step')).toEqual([]);
  });

  test('that fails changes nothing in the log, and the next owner does it again', async () => {
    let fails = false;
    const bench = await newBench({
      faults: ({ at }) => (fails && at === 'commit' ? 'lose_request' : 'none'),
    });
    await appendValues(bench, 'usage-events', use());
    const task = await acquire(bench);
    await task.inbox.fill();
    fails = true;
    await expect(task.step()).rejects.toMatchObject({ kind: 'unknown_outcome' });
    fails = false;
    expect(await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).toEqual([]);
    expect(await drain(await acquire(bench))).toBe(1);
    expect((await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).length).toBe(1);
  });

  test('whose reply was lost is found done by the next owner and not done again', async () => {
    let fails = false;
    const bench = await newBench({ faults: ({ at }) => (fails && at === 'commit' ? 'fail_after' : 'none') });
    await appendValues(bench, 'usage-events', use());
    const task = await acquire(bench);
    await task.inbox.fill();
    fails = true;
    await expect(task.step()).rejects.toMatchObject({ kind: 'unknown_outcome' });
    fails = false;
    expect(await drain(await acquire(bench))).toBe(0);
    expect((await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).length).toBe(1);
  });

  test('stream time never goes back', async () => {
    const bench = await newBench();
    await appendValues(bench, 'clock-ticks', tick(1, NOW + 10), tick(2, NOW + 5));
    const task = await acquire(bench);
    await drain(task);
    expect(onlyCell(task).progress.streamTime).toBe(NOW + 10);
  });

  test('a rule that throws ends the process and names service and record', async () => {
    const bench = await newBench();
    const broken = {
      ...tally,
      decide: (): never => {
        throw new Error('the sum is negative');
      },
    };
    await appendValues(bench, 'usage-events', use());
    const task = await acquire(bench, { processor: broken });
    await task.inbox.fill();
    const failure = await task.step().then(null, (error: unknown) => error);
    expect(String(failure)).toBe(
      'InvariantBroken: rating cannot process usage-events/0@0: the sum is negative',
    );
    expect(reactionTo(failure)).toBe('exit');
    expect(await valuesOf(bench, 'rating-steps', 'Step')).toEqual([]);
  });
});

describe('a restart', () => {
  const action = fc.record({
    account: fc.constantFrom('acme', 'globex'),
    request: fc.integer({ min: 0, max: 12 }),
    tickMs: fc.option(fc.integer({ min: 0, max: 50 })),
    restarts: fc.boolean(),
    compacts: fc.boolean(),
  });

  test('between any two steps changes nothing: state, window, positions, stream time and chain come back', async () => {
    const property = fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      const bench = await newBench();
      let task = await acquire(bench);
      for (const [index, { account, request, tickMs, restarts, compacts }] of actions.entries()) {
        const event = use({ accountId: parseAccountId(account), requestId: `req-${request}` });
        await appendValues(bench, 'usage-events', event);
        if (tickMs !== null) await appendValues(bench, 'clock-ticks', tick(index + 1, NOW + tickMs));
        await drain(task);
        const before = memoryOf(task);
        if (compacts) bench.log.compact('rating-changelog', 0);
        if (!restarts) continue;
        task = await acquire(bench);
        expect(memoryOf(task)).toEqual(before);
      }
      const replay = await replayTask({ ...bench, processor: tally, partition: 0, limits: BENCH_LIMITS });
      expect([replay.difference, replay.head]).toEqual([
        null,
        onlyCell(task).progress.digest.toString('hex'),
      ]);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('an owner that was replaced is fenced, whatever it still holds', async () => {
    const bench = await newBench();
    await appendValues(bench, 'usage-events', use());
    const first = await acquire(bench);
    await first.inbox.fill();
    const second = await acquire(bench);
    await drain(second);
    await expect(first.step()).rejects.toMatchObject({ kind: 'fenced' });
    expect((await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).length).toBe(1);
  });

  test('a reader that cannot be opened leaves no transactor open', async () => {
    const bench = await newBench();
    const closed: string[] = [];
    let readers = 0;
    const log = logWith(bench.log, {
      transactor: async (id) => {
        const transactor = await bench.log.transactor(id);
        const commit = transactor.commit.bind(transactor);
        return { transactionalId: id, commit, close: async () => void closed.push(id) };
      },
      reader: async (options) => {
        readers += 1;
        if (readers === 2) throw new LogError('retriable', 'BROKER_NOT_AVAILABLE', 'reader');
        return bench.log.reader(options);
      },
    });
    await expect(acquire({ ...bench }, { log })).rejects.toThrow('BROKER_NOT_AVAILABLE');
    expect(closed).toEqual(['rating-0']);
  });
});

describe('a schema that nobody knows', () => {
  const UNKNOWN = 123_456;

  /** A registry that answers each question for the unknown id as the list says, then stays with its last answer. */
  function directoryOf(bench: Bench, answers: readonly ('unknown' | 'loaded' | 'down')[]) {
    const asked: number[] = [];
    const real = bench.directory;
    let isKnown = false;
    const directory: SchemaDirectory = {
      idOf: (name) => real.idOf(name),
      writerSchema: (id) =>
        id === UNKNOWN && isKnown ? real.writerSchema(real.idOf('UsageEvent')) : real.writerSchema(id),
      load: async (id) => {
        if (id !== UNKNOWN) return real.load(id);
        const answer = answers[Math.min(asked.length, answers.length - 1)];
        asked.push(id);
        if (answer === 'down') throw new RegistryUnreachable('the registry does not answer');
        isKnown = answer === 'loaded';
        return answer === 'loaded' ? 'loaded' : 'unknown';
      },
    };
    return { directory, asked };
  }

  function foreign(bench: Bench, requestId: string): Buffer {
    return framed(UNKNOWN, goodBytes(bench.directory, { requestId }).subarray(5));
  }

  test('is asked for a limited number of times, then its records are held and the others go on', async () => {
    const bench = await newBench();
    await appendBytes(bench, { topic: 'usage-events' }, foreign(bench, 'a'), foreign(bench, 'b'));
    await appendValues(bench, 'usage-events', use());
    const { directory, asked } = directoryOf(bench, ['unknown']);
    const limits = { ...BENCH_LIMITS, schemaAttemptsMax: 3 };
    const task = await acquire(bench, { directory, limits });
    await drain(task);
    expect(asked.length).toBe(3);
    expect((await valuesOf(bench, 'rating-rejected', 'DeadLetter')).map(({ code }) => code)).toEqual([
      'schema_unresolved',
      'schema_unresolved',
    ]);
    expect(await valuesOf(bench, 'rating-steps', 'Step')).toMatchObject([
      {
        held: [
          { topic: 'usage-events', offset: 0 },
          { topic: 'usage-events', offset: 1 },
        ],
      },
    ]);
    expect((await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).length).toBe(1);
  });

  test('what was held stays held in a replay, when the schema is known by then', async () => {
    const bench = await newBench();
    await appendBytes(bench, { topic: 'usage-events' }, foreign(bench, 'a'));
    await appendValues(bench, 'usage-events', use());
    await drain(await acquire(bench, { directory: directoryOf(bench, ['unknown']).directory }));
    const { directory } = directoryOf(bench, ['loaded']);
    const replay = await replayTask({
      ...bench,
      directory,
      processor: tally,
      partition: 0,
      limits: BENCH_LIMITS,
    });
    expect(replay).toMatchObject({ difference: null, steps: 1, records: 2 });
  });

  test('that becomes known between two attempts is read', async () => {
    const bench = await newBench();
    await appendBytes(bench, { topic: 'usage-events' }, foreign(bench, 'a'));
    const { directory, asked } = directoryOf(bench, ['unknown', 'unknown', 'loaded']);
    await drain(await acquire(bench, { directory }));
    expect(asked.length).toBe(3);
    expect((await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).map(({ caseId }) => caseId)).toEqual([
      'a',
    ]);
  });

  test('a registry that does not answer is no verdict: the task is acquired again', async () => {
    const bench = await newBench();
    await appendBytes(bench, { topic: 'usage-events' }, foreign(bench, 'a'));
    const { directory } = directoryOf(bench, ['down', 'loaded']);
    const task = await acquire(bench, { directory });
    await task.inbox.fill();
    const failure = await task.step().then(null, (error: unknown) => error);
    expect(reactionTo(failure)).toBe('acquire_again');
    expect(await valuesOf(bench, 'rating-rejected', 'DeadLetter')).toEqual([]);
    await drain(await acquire(bench, { directory }));
    expect((await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).length).toBe(1);
  });

  test('state written under a schema that the registry lost stops the task, naming topic and id', async () => {
    const bench = await newBench();
    const barrier = encodeFramed('Barrier', { barrierId: 'other' }, UNKNOWN);
    await appendBytes(bench, { topic: 'rating-changelog', key: Buffer.from('!barrier') }, barrier);
    const { directory } = directoryOf(bench, ['unknown']);
    const failure = await acquire(bench, { directory }).then(null, (error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'fatal', code: 'state_schema_unknown' });
    expect(String(failure)).toContain(`schema ${UNKNOWN} of rating-changelog`);
  });
});
