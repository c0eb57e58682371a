/** The whole loop on the in-memory log, against a store that fails in every way it can. */
import { describe, expect, it } from 'vitest';
import { runSink, SINK_LIMITS, type SinkLimits } from '../../../services/analytics-sink/sink.ts';
import type { Log } from '../../../topology/log.ts';
import { FakeStore, type StoreFault } from './fake-store.ts';
import { directory, outgoing, routes, sinkLog } from './sink-log.ts';
import { costEvent, journalEntry, MID_MONTH } from './sink-records.ts';

const LIMITS: SinkLimits = {
  ...SINK_LIMITS,
  blockRowsMax: 7,
  lingerMs: 1,
  restFactor: 0,
  restMsMax: 0,
  fetchWaitMs: 1,
  fetchPauseMs: 0,
  retryPauseMs: 1,
  retryPauseMaxMs: 2,
};
const PARTITIONS = 2;

interface Life {
  stop(): void;
  readonly done: Promise<void>;
  readonly troubles: string[];
}

function start(log: Log, store: FakeStore, limits: SinkLimits = LIMITS): Life {
  const stopping = new AbortController();
  const troubles: string[] = [];
  const done = runSink(
    {
      log,
      store,
      directory,
      routes,
      limits,
      nowMs: () => performance.now(),
      pause: (ms, signal) =>
        new Promise((resolve) => {
          const timer = setTimeout(resolve, ms);
          const wake = (): void => {
            clearTimeout(timer);
            resolve();
          };
          signal.addEventListener('abort', wake, { once: true });
        }),
      observer: {
        onReady: () => undefined,
        onInserted: () => undefined,
        onTrouble: (what) => troubles.push(what),
      },
    },
    stopping.signal,
  );
  return { stop: () => stopping.abort(), done, troubles };
}

/** Transactions of three uses and one journal entry each, so that offsets have gaps. */
async function write(log: Log, from: number, to: number): Promise<void> {
  const transactor = await log.transactor('cost-attribution-0', { timeoutMs: 1_000 });
  for (let index = from; index < to; index += 3) {
    const partition = (index / 3) % PARTITIONS;
    const uses = [0, 1, 2].map((step) =>
      outgoing({ topic: 'cost-events', partition }, 'CostEvent', costEvent(index + step)),
    );
    const entry = outgoing({ topic: 'journal', partition }, 'JournalEntry', journalEntry(index, 3n));
    await transactor.commit({ records: [...uses, entry], groupPositions: null });
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 4_000; tries += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error('the condition never held');
}

function has(store: FakeStore, uses: number): boolean {
  return store.addresses('usage').length >= uses && store.addresses('journal').length >= (uses / 3) * 2;
}

function expectOnce(store: FakeStore, uses: number): void {
  const usage = store.addresses('usage');
  expect(usage.length).toBe(uses);
  expect(new Set(usage).size).toBe(uses);
  expect(store.addresses('journal').length).toBe((uses / 3) * 2);
  expect(new Set(store.addresses('journal')).size).toBe(uses / 3);
}

async function runToEnd(store: FakeStore, uses: number, limits = LIMITS): Promise<Life> {
  const log = await sinkLog(() => MID_MONTH, PARTITIONS);
  await write(log, 0, uses);
  const life = start(log, store, limits);
  await until(() => has(store, uses));
  life.stop();
  await life.done;
  return life;
}

describe('the sink', () => {
  it('stores every record once and goes on with what is appended later', async () => {
    const store = new FakeStore();
    const log = await sinkLog(() => MID_MONTH, PARTITIONS);
    await write(log, 0, 60);
    const life = start(log, store);
    await until(() => store.addresses('usage').length === 60);
    await write(log, 60, 90);
    await until(() => has(store, 90));
    life.stop();
    await life.done;
    expectOnce(store, 90);
  });

  const faults: readonly StoreFault[] = ['fail_before', 'fail_after', 'late'];
  it.each(faults)('stores every record once when every second insert ends with %s', async (fault) => {
    const store = new FakeStore((_, attempt) => (attempt % 2 === 0 ? fault : 'none'));
    const life = await runToEnd(store, 90);
    store.releaseLate();
    expectOnce(store, 90);
    expect(life.troubles).toContain('inserting');
  });

  it('sends the very same block again after an unknown outcome', async () => {
    const store = new FakeStore((_, attempt) => (attempt <= 3 ? 'fail_before' : 'none'));
    await runToEnd(store, 30);
    const [first] = store.calls;
    expect(store.calls.filter((token) => token === first).length).toBeGreaterThan(1);
    expectOnce(store, 30);
  });

  it('doubles nothing when the server has forgotten the token of a block that landed', async () => {
    const store = new FakeStore((_, attempt) => (attempt % 3 === 0 ? 'fail_after' : 'none'), 0);
    await runToEnd(store, 90);
    expectOnce(store, 90);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('survives any mixture of faults and restarts, seed %i', async (seed) => {
    let state = seed;
    const random = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state % below;
    };
    const kinds: readonly StoreFault[] = ['none', 'none', 'fail_before', 'fail_after', 'late'];
    const store = new FakeStore(() => kinds[random(kinds.length)] ?? 'none');
    const log = await sinkLog(() => MID_MONTH, PARTITIONS);
    await write(log, 0, 120);
    for (let life = 0; life < 6; life += 1) {
      const running = start(log, store, { ...LIMITS, blockRowsMax: 3 + random(9) });
      const goal = (life + 1) * 15;
      await until(() => store.addresses('usage').length >= goal);
      running.stop();
      await running.done;
    }
    const last = start(log, store);
    await until(() => has(store, 120));
    last.stop();
    await last.done;
    store.releaseLate();
    expectOnce(store, 120);
  });

  it('waits while the store is down, reads no more than its bound, and loses nothing', async () => {
    const store = new FakeStore();
    let fetches = 0;
    const log = await sinkLog(
      () => MID_MONTH,
      PARTITIONS,
      () => {
        fetches += 1;
        return 'none';
      },
    );
    await write(log, 0, 30);
    const limits = { ...LIMITS, pendingBytesMax: 4_000, partitionBytesMax: 1_000 };
    const life = start(log, store, limits);
    await until(() => has(store, 30));
    store.down = true;
    await write(log, 30, 300);
    await until(() => life.troubles.length > 20);
    const fetchesWhenFull = fetches;
    await until(() => life.troubles.length > 40);
    expect(fetches).toBe(fetchesWhenFull);
    expect(store.addresses('usage').length).toBe(30);
    store.down = false;
    await until(() => has(store, 300));
    life.stop();
    await life.done;
    expectOnce(store, 300);
  });

  it('waits for a store that is down at the start', async () => {
    const store = new FakeStore();
    store.down = true;
    const log = await sinkLog(() => MID_MONTH, PARTITIONS);
    await write(log, 0, 9);
    const life = start(log, store);
    await until(() => life.troubles.includes('starting'));
    store.down = false;
    await until(() => has(store, 9));
    life.stop();
    await life.done;
    expectOnce(store, 9);
  });

  it('stops while the store is down', async () => {
    const store = new FakeStore();
    const log = await sinkLog(() => MID_MONTH, PARTITIONS);
    const life = start(log, store);
    await write(log, 0, 9);
    store.down = true;
    await new Promise((resolve) => setTimeout(resolve, 20));
    life.stop();
    await expect(life.done).resolves.toBeUndefined();
  });

  it('ends with the error when a block is refused', async () => {
    const log = await sinkLog(() => MID_MONTH, PARTITIONS);
    await write(log, 0, 9);
    const life = start(log, new FakeStore(() => 'refuse'));
    await expect(life.done).rejects.toThrow('cannot parse');
  });

  it('ends with the address of a record it cannot read', async () => {
    const log = await sinkLog(() => MID_MONTH, PARTITIONS);
    await log.append([{ topic: 'charges', partition: 1, key: null, value: Buffer.from('plain') }]);
    const life = start(log, new FakeStore());
    await expect(life.done).rejects.toThrow('charges/1@0 cannot be stored (unframed)');
  });

  it('refuses a log that ends before the stored position', async () => {
    const store = new FakeStore();
    await runToEnd(store, 30);
    const life = start(await sinkLog(() => MID_MONTH, PARTITIONS), store);
    await expect(life.done).rejects.toThrow(/the topic was recreated, or this is another cluster/);
  });
});
