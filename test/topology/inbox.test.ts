/** Reading ahead: bounds of a batch, order of inputs, positions, back-pressure, errors and the end. */
import { describe, expect, test } from 'vitest';
import { Inbox } from '../../topology/inbox.ts';
import { LIMITS, type Limits } from '../../topology/limits.ts';
import { type FetchedSlice, LogError, type LogReader, type LogRecord } from '../../topology/log.ts';
import type { TopicName } from '../../topology/topics.ts';

/** A reader that hands out what the test gives it, one entry a fetch, and waits when there is none. */
class ScriptedReader implements LogReader {
  fetches = 0;
  isClosed = false;
  #script: (readonly FetchedSlice[] | Error)[] = [];
  #wake: () => void = () => undefined;

  give(...script: readonly (readonly FetchedSlice[] | Error)[]): void {
    this.#script.push(...script);
    this.#wake();
  }

  async fetch(): Promise<readonly FetchedSlice[]> {
    this.fetches += 1;
    while (this.#script.length === 0 && !this.isClosed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    const next = this.#script.shift();
    if (next instanceof Error) throw next;
    return next ?? [];
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.#wake();
  }

  seek(): void {}
  pause(): void {}
  resume(): void {}
}

interface Given {
  readonly records: readonly number[];
  readonly next?: number;
  readonly bytes?: number;
}

function slice(topic: TopicName, { records, next, bytes = 10 }: Given): FetchedSlice {
  const nextOffset = next ?? (records.at(-1) ?? -1) + 1;
  return {
    topic,
    partition: 0,
    records: records.map((offset): LogRecord => {
      return {
        topic,
        partition: 0,
        offset,
        appendedAt: 0,
        key: null,
        value: Buffer.alloc(bytes),
        headers: [],
      };
    }),
    nextOffset,
    stableOffset: nextOffset,
  };
}

function open(limits: Partial<Limits> = {}, topics: readonly TopicName[] = ['accounts', 'charges']) {
  const reader = new ScriptedReader();
  const inputs = topics.map((topic) => ({ topic, partition: 0, offset: 0 }));
  return { reader, inbox: new Inbox(reader, inputs, { ...LIMITS, fetchPauseMs: 0, ...limits }) };
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function taken(inbox: Inbox) {
  return [...inbox.take().values()]
    .flat()
    .map(({ topic, from, to, records }) => [topic, from, to, records.map(({ offset }) => offset)]);
}

/** Lets everything that is ready to run, run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a batch', () => {
  test('takes the inputs in the order of the processor, whatever came first', async () => {
    const { reader, inbox } = open();
    reader.give([slice('charges', { records: [0, 1] })], [slice('accounts', { records: [0] })]);
    await inbox.fill();
    await inbox.fill();
    expect(taken(inbox)).toEqual([
      ['accounts', 0, 1, [0]],
      ['charges', 0, 2, [0, 1]],
    ]);
    expect(taken(inbox)).toEqual([]);
  });

  test('is bounded in records over all inputs, and goes on where it stopped', async () => {
    const { reader, inbox } = open({ stepRecordsMax: 3 });
    reader.give([slice('accounts', { records: [0, 1] }), slice('charges', { records: [0, 1, 2] })]);
    await inbox.fill();
    expect(taken(inbox)).toEqual([
      ['accounts', 0, 2, [0, 1]],
      ['charges', 0, 1, [0]],
    ]);
    expect(taken(inbox)).toEqual([['charges', 1, 3, [1, 2]]]);
  });

  test('of the same step never goes back to an input that was passed; the next step does', async () => {
    const { reader, inbox } = open({ stepRecordsMax: 2 });
    reader.give([slice('charges', { records: [0, 1, 2, 3, 4] })], [slice('accounts', { records: [0] })]);
    await inbox.fill();
    expect(taken(inbox)).toEqual([['charges', 0, 2, [0, 1]]]);
    await inbox.fill();
    expect(taken(inbox)).toEqual([['charges', 2, 4, [2, 3]]]);
    expect(taken(inbox)).toEqual([['charges', 4, 5, [4]]]);
    expect(taken(inbox)).toEqual([]);
    expect(inbox.waiting).toBe(1);
    inbox.endStep();
    expect(taken(inbox)).toEqual([['accounts', 0, 1, [0]]]);
  });

  test('is bounded in bytes: it ends with the record that reaches the bound, and is never empty', async () => {
    const { reader, inbox } = open({ stepBytesMax: 100 });
    reader.give([
      slice('charges', { records: [0, 1, 2], bytes: 60 }),
      slice('accounts', { records: [0], bytes: 500 }),
    ]);
    await inbox.fill();
    expect(taken(inbox)).toEqual([['accounts', 0, 1, [0]]]);
    expect(taken(inbox)).toEqual([['charges', 0, 2, [0, 1]]]);
    expect(taken(inbox)).toEqual([['charges', 2, 3, [2]]]);
  });

  test.each([
    ['records', { stepRecordsMax: 2 }, 10],
    ['bytes', { stepBytesMax: 20 }, 10],
  ])('is full by %s', async (_, limits, bytes) => {
    const { reader, inbox } = open(limits);
    reader.give([slice('charges', { records: [0], bytes })], [slice('charges', { records: [1], bytes })]);
    await inbox.fill();
    expect([inbox.isFull, inbox.waiting]).toEqual([false, 1]);
    await inbox.fill();
    expect([inbox.isFull, inbox.waiting]).toEqual([true, 2]);
    inbox.take();
    expect([inbox.isFull, inbox.waiting]).toEqual([false, 0]);
  });
});

describe('several partitions', () => {
  test('each get a batch of their own, and take turns at being first', async () => {
    const reader = new ScriptedReader();
    const inputs = [0, 1, 2].map((partition) => ({ topic: 'charges' as const, partition, offset: 0 }));
    const inbox = new Inbox(reader, inputs, { ...LIMITS, fetchPauseMs: 0, stepRecordsMax: 3 });
    const backlog = (partition: number, records: readonly number[]) => ({
      ...slice('charges', { records }),
      partition,
    });
    reader.give([backlog(0, range(0, 9)), backlog(1, [0]), backlog(2, [0, 1])]);
    await inbox.fill();
    const turns = Array.from({ length: 4 }, () =>
      [...inbox.take()].map(([partition, slices]) => [partition, slices.map(({ from, to }) => [from, to])]),
    );
    expect(turns).toEqual([
      [[0, [[0, 3]]]],
      [
        [1, [[0, 1]]],
        [2, [[0, 2]]],
      ],
      [[0, [[3, 6]]]],
      [[0, [[6, 9]]]],
    ]);
    expect([0, 1, 2].map((partition) => inbox.positions(partition)[0]?.offset)).toEqual([9, 1, 2]);
  });
});

describe('positions', () => {
  test('pass over markers behind the last record, and stop before what is still waiting', async () => {
    const { reader, inbox } = open({ stepRecordsMax: 2 });
    reader.give([slice('charges', { records: [0, 2, 5], next: 9 })]);
    await inbox.fill();
    expect(inbox.positions(0)).toEqual([
      { topic: 'accounts', offset: 0 },
      { topic: 'charges', offset: 0 },
    ]);
    expect(taken(inbox)).toEqual([['charges', 0, 3, [0, 2]]]);
    expect(taken(inbox)).toEqual([['charges', 3, 9, [5]]]);
    expect(inbox.positions(0)[1]).toEqual({ topic: 'charges', offset: 9 });
  });

  test('ranges of one input follow each other without a gap, over markers that came alone', async () => {
    const { reader, inbox } = open();
    reader.give(
      [slice('charges', { records: [0] })],
      [slice('charges', { records: [], next: 4 })],
      [slice('charges', { records: [4, 5], next: 7 })],
    );
    await inbox.fill();
    expect(taken(inbox)).toEqual([['charges', 0, 1, [0]]]);
    await inbox.fill();
    expect(taken(inbox)).toEqual([]);
    await inbox.fill();
    expect(taken(inbox)).toEqual([['charges', 1, 7, [4, 5]]]);
  });

  test('what comes for a topic that is no input is ignored', async () => {
    const { reader, inbox } = open();
    reader.give([slice('invoices', { records: [0] })]);
    await inbox.fill();
    expect([inbox.waiting, taken(inbox)]).toEqual([0, []]);
  });
});

describe('reading ahead', () => {
  test.each([
    ['records', { inboxRecordsMax: 5 }, 10, 5],
    ['bytes', { inboxBytesMax: 50 }, 10, 5],
    ['bytes of a few large records', { inboxBytesMax: 50 }, 40, 2],
  ])('stops at its bound in %s and goes on when there is room', async (_, limits, bytes, ahead) => {
    const { reader, inbox } = open({ ...limits, stepRecordsMax: 1 });
    reader.give(...range(0, 20).map((offset) => [slice('charges', { records: [offset], bytes })]));
    inbox.start();
    await settle();
    expect([inbox.waiting, reader.fetches]).toEqual([ahead, ahead]);
    inbox.take();
    await settle();
    expect(inbox.waiting).toBe(ahead);
    await inbox.close();
  });

  test('pauses after a fetch that brought little, until the task asks for more', async () => {
    const { reader, inbox } = open({ fetchPauseMs: 600_000 });
    const signal = new AbortController().signal;
    reader.give(...range(0, 3).map((offset) => [slice('charges', { records: [offset] })]));
    inbox.start();
    await settle();
    expect([inbox.waiting, reader.fetches]).toEqual([1, 1]);
    await inbox.arrival({ full: true, timeoutMs: 1, signal });
    expect(reader.fetches).toBe(1);
    inbox.take();
    await inbox.arrival({ signal });
    expect([inbox.waiting, reader.fetches]).toEqual([1, 2]);
    await inbox.close();
  });

  test('does not pause while a partition has a backlog that comes in small pieces', async () => {
    const { reader, inbox } = open({ fetchPauseMs: 600_000 });
    const piece = (offset: number, stableOffset: number) => {
      return [{ ...slice('charges', { records: [offset] }), stableOffset }];
    };
    reader.give(piece(0, 5_000), piece(1, 5_000), piece(2, 500), piece(3, 500));
    inbox.start();
    await settle();
    expect([inbox.waiting, reader.fetches]).toEqual([3, 3]);
    await inbox.close();
  });

  test('lets go of what was handed out, even when something is always waiting', async () => {
    const { reader, inbox } = open({ stepRecordsMax: 1 });
    reader.give([slice('charges', { records: [0, 1] })]);
    await inbox.fill();
    const handedOut = takenWeakly(inbox);
    for (let offset = 2; offset < 10; offset += 1) {
      reader.give([slice('charges', { records: [offset] })]);
      await inbox.fill();
      expect(taken(inbox).length).toBe(1);
    }
    expect(inbox.waiting).toBe(1);
    expect(await isCollected(handedOut)).toBe(true);
  });
});

describe('waiting', () => {
  const signal = new AbortController().signal;

  test('ends with the first record, or with a full batch when that is asked for', async () => {
    const { reader, inbox } = open({ stepRecordsMax: 2 });
    inbox.start();
    const ended: string[] = [];
    void inbox.arrival({ signal }).then(() => ended.push('some'));
    void inbox.arrival({ full: true, signal }).then(() => ended.push('full'));
    await settle();
    expect(ended).toEqual([]);
    reader.give([slice('charges', { records: [0] })]);
    await settle();
    expect(ended).toEqual(['some']);
    reader.give([slice('charges', { records: [1] })]);
    await settle();
    expect(ended).toEqual(['some', 'full']);
    await inbox.close();
  });

  test('does not wait for what is there, after the signal, or longer than asked', async () => {
    const { reader, inbox } = open();
    const stopped = new AbortController();
    const waiting = inbox.arrival({ signal: stopped.signal });
    stopped.abort();
    await waiting;
    await inbox.arrival({ signal: stopped.signal });
    await inbox.arrival({ full: true, timeoutMs: 1, signal });
    reader.give([slice('charges', { records: [0] })]);
    await inbox.fill();
    await inbox.arrival({ signal });
  });

  test('a marker alone wakes nobody', async () => {
    const { reader, inbox } = open();
    inbox.start();
    let isOver = false;
    void inbox.arrival({ signal }).then(() => {
      isOver = true;
    });
    reader.give([slice('charges', { records: [], next: 3 })]);
    await settle();
    expect(isOver).toBe(false);
    await inbox.close();
  });
});

describe('the end', () => {
  test('an error of the reader ends the waiting and reaches the next take, again and again', async () => {
    const { reader, inbox } = open();
    inbox.start();
    const failure = new LogError('out_of_range', 'OFFSET_OUT_OF_RANGE', 'charges/0 at 4');
    reader.give([slice('charges', { records: [0] })], failure);
    await settle();
    await inbox.arrival({ full: true, signal: new AbortController().signal });
    expect(() => inbox.take()).toThrow(failure);
    expect(() => inbox.take()).toThrow(failure);
    expect(inbox.positions(0)[1]).toEqual({ topic: 'charges', offset: 0 });
    await inbox.close();
  });

  test('closing ends a fetch under way, and a wait for room', async () => {
    const waiting = open();
    waiting.inbox.start();
    await settle();
    await waiting.inbox.close();
    expect(waiting.reader.isClosed).toBe(true);

    const full = open({ inboxRecordsMax: 1 });
    full.reader.give([slice('charges', { records: [0] })], [slice('charges', { records: [1] })]);
    full.inbox.start();
    await settle();
    expect(full.reader.fetches).toBe(1);
    await full.inbox.close();
    expect(full.reader.fetches).toBe(1);
  });
});

function takenWeakly(inbox: Inbox): WeakRef<object> {
  const [slice] = inbox.take().get(0) ?? [];
  const [record] = slice?.records ?? [];
  if (record === undefined) throw new Error('nothing was waiting');
  return new WeakRef(record);
}

/** Asks the engine to collect garbage until the object is gone, a limited number of times. */
async function isCollected(reference: WeakRef<object>): Promise<boolean> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await settle();
    collect();
    if (reference.deref() === undefined) return true;
  }
  return false;
}
