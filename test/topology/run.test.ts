/**
 * The loop around a task: when a step starts, how often it is tried again, and how it ends.
 *
 * Pauses before another try are recorded and not waited for.
 */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { waitUntil } from '../../infra/embedded/wait.ts';
import { shareOf } from '../../topology/lock.ts';
import { LogError, type LogReader, type Transactor } from '../../topology/log.ts';
import type { FaultPoint } from '../../topology/log-memory-faults.ts';
import { runTask } from '../../topology/run.ts';
import type { TaskOptions } from '../../topology/task.ts';
import { logWith } from '../support/log-double.ts';
import { writtenIn } from '../support/packed.ts';
import {
  appendValues,
  BENCH_LIMITS,
  type Bench,
  newBench,
  tally,
  use,
  valuesOf,
} from '../support/task-bench.ts';

const { pauses } = vi.hoisted(() => {
  const pauses: number[] = [];
  return { pauses };
});
const RETRY_PAUSE_MS = 20;

vi.mock('node:timers/promises', async (original) => {
  const real = await original<typeof import('node:timers/promises')>();
  return {
    ...real,
    setTimeout: async (ms: number, value: unknown, options?: { signal?: AbortSignal }) => {
      // Only the loop hands in a signal; pauses of anything else are real.
      if (options?.signal === undefined) return real.setTimeout(ms, value);
      pauses.push(ms);
      return real.setImmediate(value);
    },
  };
});

beforeEach(() => {
  pauses.length = 0;
});

const SHARE = shareOf(tally.service, { k: 0, n: 1 }, 1);
const LIMITS = {
  ...BENCH_LIMITS,
  fetchWaitMs: 5,
  commitIntervalMs: 0,
  retryPauseMs: RETRY_PAUSE_MS,
  retryPauseMaxMs: 100,
};

function start(bench: Bench, change: Partial<TaskOptions> = {}) {
  const { log, directory } = bench;
  const stopping = new AbortController();
  const steps: number[] = [];
  const troubles: string[] = [];
  const seen = { acquired: 0, steps, troubles };
  const options = { log, directory, processor: tally, share: SHARE, limits: LIMITS, ...change };
  const ended = runTask(
    options,
    {
      onAcquired: () => {
        seen.acquired += 1;
      },
      onCommitted: (results) => void seen.steps.push(...results.map(({ counts }) => counts.inputs)),
      onTrouble: (_, reaction) => void seen.troubles.push(reaction),
    },
    stopping.signal,
  );
  const stop = async () => {
    stopping.abort();
    return ended;
  };
  return { seen, ended, stop, signal: stopping.signal };
}

async function until(condition: () => boolean): Promise<void> {
  expect(await waitUntil(async () => condition(), { timeoutMs: 10_000, intervalMs: 2 })).toBe(true);
}

async function appendUses(bench: Bench, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index += 1) {
    await appendValues(bench, 'usage-events', use({ requestId: `req-${index}` }));
  }
}

/** A fault hook whose answer for steps (commits of more than a barrier) and for opening is set by the test. */
function troubled() {
  const faults = { open: 0, step: 0 };
  const hook = (point: FaultPoint) => {
    if (point.at === 'open' && faults.open > 0) {
      faults.open -= 1;
      return 'fail_before' as const;
    }
    if (point.at === 'commit' && point.records > 1 && faults.step > 0) {
      faults.step -= 1;
      return 'lose_request' as const;
    }
    return 'none' as const;
  };
  return { faults, hook };
}

describe('trouble', () => {
  test('while acquiring: the pause doubles up to its maximum, then the work goes on', async () => {
    const { faults, hook } = troubled();
    const bench = await newBench({ faults: hook });
    await appendUses(bench, 0, 3);
    faults.open = 6;
    const running = start(bench);
    await until(() => running.seen.steps.length === 1);
    expect(pauses).toEqual([20, 40, 80, 100, 100, 100]);
    expect(running.seen).toEqual({ acquired: 1, steps: [3], troubles: Array(6).fill('acquire_again') });
    expect(await running.stop()).toBe('stopped');
  });

  test('in every step: acquiring well does not make the pause short again, a committed step does', async () => {
    const { faults, hook } = troubled();
    const bench = await newBench({ faults: hook });
    await appendUses(bench, 0, 1);
    faults.step = 4;
    const running = start(bench);
    await until(() => running.seen.steps.length === 1);
    expect(pauses).toEqual([20, 40, 80, 100]);
    expect(running.seen.acquired).toBe(5);
    faults.step = 1;
    await appendUses(bench, 1, 2);
    await until(() => running.seen.steps.length === 2);
    expect(pauses.slice(4)).toEqual([20]);
    await running.stop();
    expect((await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).length).toBe(2);
  });

  test('the signal ends the trying', async () => {
    const { faults, hook } = troubled();
    const bench = await newBench({ faults: hook });
    faults.open = Number.POSITIVE_INFINITY;
    const running = start(bench);
    await until(() => pauses.length > 2);
    expect(await running.stop()).toBe('stopped');
  });

  test('a fenced task stands back and never fences the new owner', async () => {
    const bench = await newBench();
    const running = start(bench);
    await until(() => running.seen.acquired === 1);
    await bench.log.openTransaction('rating-0');
    await appendUses(bench, 0, 1);
    expect(await running.ended).toBe('fenced');
    expect(running.seen).toEqual({ acquired: 1, steps: [], troubles: ['stand_back'] });
  });

  test('a former owner whose commit got no answer stands back when another has the share by then', async () => {
    const { faults, hook } = troubled();
    const bench = await newBench({ faults: hook });
    const running = start(bench);
    await until(() => running.seen.acquired === 1);
    faults.step = 1;
    const owner = bench.log.openTransaction('rating-0');
    await appendUses(bench, 0, 1);
    expect(await running.ended).toBe('fenced');
    expect(running.seen.troubles).toEqual(['acquire_again', 'stand_back']);
    await expect((await owner).commit()).resolves.toBeUndefined();
  });

  test('lost data ends the process with an error that names the place', async () => {
    const bench = await newBench();
    const running = start(bench);
    await until(() => running.seen.acquired === 1);
    const { fetchBytesMax } = LIMITS;
    const log = logWith(bench.log, {
      reader: async (options) => {
        const reader = await bench.log.reader({ ...options, fetchBytesMax });
        const fetch = async (): Promise<never> => {
          throw new LogError('out_of_range', 'OFFSET_OUT_OF_RANGE', 'usage-events/0 at 12');
        };
        return options.positions.length === 1 ? reader : readerWith(reader, { fetch });
      },
    });
    await running.stop();
    const lost = start(bench, { log });
    await expect(lost.ended).rejects.toThrow('usage-events/0 at 12');
    expect(lost.seen.troubles).toEqual(['exit']);
  });
});

function readerWith(reader: LogReader, replaced: Partial<LogReader>): LogReader {
  return {
    fetch: () => reader.fetch(),
    seek: (position) => reader.seek(position),
    pause: (partitions) => reader.pause(partitions),
    resume: (partitions) => reader.resume(partitions),
    close: () => reader.close(),
    ...replaced,
  };
}

describe('closing', () => {
  /** Counts what was opened and not closed, and lets closing fail. */
  function counted(bench: Bench, closing: 'works' | 'fails') {
    const open = { readers: 0, transactors: 0 };
    const end = async (what: keyof typeof open, close: () => Promise<void>): Promise<void> => {
      open[what] -= 1;
      await close();
      if (closing === 'fails') throw new Error(`closing the ${what} failed`);
    };
    const log = logWith(bench.log, {
      reader: async (options) => {
        const reader = await bench.log.reader(options);
        open.readers += 1;
        // The reader of the changelog closes well; the one of the inputs as the test says.
        const isInput = options.positions.length > 1;
        const close = () => (isInput ? end('readers', () => reader.close()) : closeQuietly(reader));
        return readerWith(reader, { close });
      },
      transactor: async (id): Promise<Transactor> => {
        const transactor = await bench.log.transactor(id);
        open.transactors += 1;
        return {
          transactionalId: id,
          commit: (batch) => transactor.commit(batch),
          close: () => end('transactors', () => transactor.close()),
        };
      },
    });
    const closeQuietly = async (reader: LogReader): Promise<void> => {
      open.readers -= 1;
      await reader.close();
    };
    return { log, open };
  }

  test('a stop by signal closes everything that was opened', async () => {
    const bench = await newBench();
    const { log, open } = counted(bench, 'works');
    const running = start(bench, { log });
    await until(() => running.seen.acquired === 1);
    expect(open).toEqual({ readers: 1, transactors: 1 });
    expect(await running.stop()).toBe('stopped');
    expect(open).toEqual({ readers: 0, transactors: 0 });
  });

  test('a close that fails hides neither the error before it nor what is still open', async () => {
    const bench = await newBench();
    const { log, open } = counted(bench, 'fails');
    const running = start(bench, { log });
    await until(() => running.seen.acquired === 1);
    await bench.log.openTransaction('rating-0');
    await appendUses(bench, 0, 1);
    expect(await running.ended).toBe('fenced');
    expect(open).toEqual({ readers: 0, transactors: 0 });
  });
});

describe('steps', () => {
  const HOUR_MS = 3_600_000;

  test('a full batch is taken at once, the rest waits for the interval or for more', async () => {
    const bench = await newBench();
    await appendUses(bench, 0, 5);
    const limits = { ...LIMITS, stepRecordsMax: 2, commitIntervalMs: HOUR_MS };
    const running = start(bench, { limits });
    await until(() => running.seen.steps.length === 2);
    await appendUses(bench, 5, 6);
    await until(() => running.seen.steps.length === 3);
    await appendUses(bench, 6, 7);
    expect(await running.stop()).toBe('stopped');
    expect(running.seen.steps).toEqual([2, 2, 2]);
  });

  test('the next step of a quiet task comes after the interval', async () => {
    const bench = await newBench();
    const running = start(bench, { limits: { ...LIMITS, commitIntervalMs: 1 } });
    await appendUses(bench, 0, 1);
    await until(() => running.seen.steps.length === 1);
    await appendUses(bench, 1, 2);
    await until(() => running.seen.steps.length === 2);
    await running.stop();
    expect(running.seen.steps).toEqual([1, 1]);
  });

  /** Commits of steps wait until they are let go, each with success or with an error. */
  function held(bench: Bench) {
    const waiting: ((error?: Error) => void)[] = [];
    const committed: number[] = [];
    const log = logWith(bench.log, {
      transactor: async (id, options): Promise<Transactor> => {
        const transactor = await bench.log.transactor(id, options);
        return {
          transactionalId: id,
          close: () => transactor.close(),
          async commit(batch) {
            const { length } = writtenIn(batch);
            if (length > 1) {
              const { promise, resolve } = Promise.withResolvers<Error | undefined>();
              waiting.push(resolve);
              const error = await promise;
              if (error !== undefined) throw error;
              committed.push(length);
            }
            return transactor.commit(batch);
          },
        };
      },
    });
    return { log, waiting, committed };
  }

  test('with a backlog the next step is evaluated, and not sent, while the one before is being committed, and takes more meanwhile', async () => {
    const bench = await newBench();
    await appendUses(bench, 0, 8);
    const { log, waiting } = held(bench);
    const seen: string[] = [];
    const processor = {
      ...tally,
      decide: (...given: Parameters<typeof tally.decide>) => {
        if (given[1].topic === 'usage-events') seen.push(given[1].value.requestId);
        return tally.decide(...given);
      },
    };
    const running = start(bench, {
      log,
      processor,
      limits: { ...LIMITS, stepRecordsMax: 2, stepTakesMax: 2 },
    });
    await until(() => seen.length === 6);
    expect([waiting.length, running.seen.steps]).toEqual([1, []]);
    waiting[0]?.();
    await until(() => seen.length === 8 && waiting.length === 2);
    expect(running.seen.steps).toEqual([2]);
    waiting[1]?.();
    await until(() => waiting.length === 3);
    expect(running.seen.steps).toEqual([2, 4]);
    waiting[2]?.();
    await until(() => running.seen.steps.length === 3);
    await running.stop();
    const claims = await valuesOf(bench, 'outcome-claims', 'OutcomeClaim');
    expect(claims.map(({ claimId }) => claimId)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((count) => `acme-${count}`),
    );
  });

  test('what was evaluated ahead of a commit that failed is thrown away with it', async () => {
    const bench = await newBench();
    await appendUses(bench, 0, 4);
    const { log, waiting, committed } = held(bench);
    const running = start(bench, { log, limits: { ...LIMITS, stepRecordsMax: 2 } });
    await until(() => waiting.length === 1);
    waiting[0]?.(new LogError('retriable', 'BROKER_NOT_AVAILABLE', 'commit'));
    await until(() => waiting.length === 2);
    expect([running.seen.acquired, committed]).toEqual([2, []]);
    for (let next = 1; running.seen.steps.length < 2; next += 1) {
      await until(() => waiting.length > next || running.seen.steps.length === 2);
      waiting[next]?.();
    }
    await running.stop();
    const claims = await valuesOf(bench, 'outcome-claims', 'OutcomeClaim');
    expect(claims.map(({ claimId }) => claimId)).toEqual(['acme-1', 'acme-2', 'acme-3', 'acme-4']);
  });

  test('a rule that throws while a commit is under way ends the process once that commit is decided', async () => {
    const bench = await newBench();
    await appendUses(bench, 0, 4);
    const { log, waiting, committed } = held(bench);
    const processor = {
      ...tally,
      decide: (...given: Parameters<typeof tally.decide>) => {
        const { cause } = given[1];
        if (cause.offset === 3) throw new Error('the sum is negative');
        return tally.decide(...given);
      },
    };
    const running = start(bench, { log, processor, limits: { ...LIMITS, stepRecordsMax: 2 } });
    await until(() => waiting.length === 1);
    let hasEnded = false;
    running.ended.catch(() => {
      hasEnded = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasEnded).toBe(false);
    waiting[0]?.();
    await expect(running.ended).rejects.toThrow(
      'rating cannot process usage-events/0@3: the sum is negative',
    );
    expect(committed.length).toBe(1);
  });

  test('a loop whose signal was given before begins nothing', async () => {
    const bench = await newBench();
    const opened = vi.fn();
    const log = logWith(bench.log, { transactor: opened });
    const signal = AbortSignal.abort();
    const options = { ...bench, log, processor: tally, share: SHARE, limits: LIMITS };
    expect(await runTask(options, {}, signal)).toBe('stopped');
    expect(opened).not.toHaveBeenCalled();
  });
});
