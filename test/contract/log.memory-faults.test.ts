import { describe, expect, it } from 'vitest';
import type { LogReader, OutgoingRecord } from '../../topology/log.ts';
import { MemoryLog } from '../../topology/log-memory.ts';
import type { Fault, FaultPoint } from '../../topology/log-memory-faults.ts';

const topic = 'charges';
const record: OutgoingRecord = { topic, partition: 0, key: Buffer.from('k'), value: Buffer.from('v') };
const batch = { records: [record, record], groupPositions: null };

/** A log whose next call at a point meets the fault, once. */
async function logWith(): Promise<{
  log: MemoryLog;
  strikeNext: (at: FaultPoint['at'], fault: Fault) => void;
}> {
  const planned = new Map<string, Fault>();
  const log = new MemoryLog({
    now: () => 1,
    faults: ({ at }) => {
      const fault = planned.get(at) ?? 'none';
      planned.delete(at);
      return fault;
    },
    schedule: (_delayMs, wake) => {
      const timer = setImmediate(wake);
      return () => clearImmediate(timer);
    },
  });
  await log.admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1, config: {} }]);
  return { log, strikeNext: (at, fault) => planned.set(at, fault) };
}

function readerFrom(log: MemoryLog, offset: number): Promise<LogReader> {
  const limits = { fetchBytesMax: 10_000, partitionBytesMax: 10_000, fetchWaitMs: 10 };
  return log.reader({ positions: [{ topic, partition: 0, offset }], ...limits });
}

async function visible(log: MemoryLog): Promise<number> {
  const slices = await (await readerFrom(log, 0)).fetch();
  return slices.flatMap(({ records }) => records).length;
}

describe('faults of a commit', () => {
  it.each([
    ['fail_before', 'retriable', 0],
    ['lose_request', 'unknown_outcome', 0],
    ['fail_after', 'unknown_outcome', 2],
    ['stay_open', 'unknown_outcome', 0],
  ] as const)('%s rejects as %s with %i records written', async (fault, kind, written) => {
    const { log, strikeNext } = await logWith();
    const transactor = await log.transactor('tx');
    strikeNext('commit', fault);
    await expect(transactor.commit(batch)).rejects.toMatchObject({ kind });
    expect(await visible(log)).toBe(written);
    await expect(transactor.commit(batch)).rejects.toMatchObject({ code: 'TRANSACTOR_SPENT' });
    const owner = await log.transactor('tx');
    await owner.commit(batch);
    expect(await visible(log)).toBe(written + 2);
  });

  it('holds the stable offset back while a transaction stays open', async () => {
    const { log, strikeNext } = await logWith();
    const transactor = await log.transactor('tx');
    strikeNext('commit', 'stay_open');
    await expect(transactor.commit(batch)).rejects.toThrow();
    await log.append([record]);
    expect(await visible(log)).toBe(0);
    await log.transactor('tx');
    expect(await visible(log)).toBe(1);
  });
});

describe('faults of a fetch', () => {
  it('fails, falls short or comes empty, and never loses or repeats a record', async () => {
    const { log, strikeNext } = await logWith();
    await log.append([record, record, record, record]);
    const reader = await readerFrom(log, 0);
    const offsets: number[] = [];
    for (const fault of ['fail_before', 'short', 'empty', 'short', 'delay'] as const) {
      strikeNext('fetch', fault);
      const slices = await reader.fetch().catch(() => []);
      offsets.push(...slices.flatMap(({ records }) => records.map(({ offset }) => offset)));
    }
    expect(offsets).toEqual([0, 1, 2, 3]);
  });
});

describe('other faults', () => {
  it('fails to open, and leaves the former owner its seat', async () => {
    const { log, strikeNext } = await logWith();
    const owner = await log.transactor('tx');
    strikeNext('open', 'fail_before');
    await expect(log.transactor('tx')).rejects.toMatchObject({ kind: 'retriable' });
    await owner.commit(batch);
    expect(await visible(log)).toBe(2);
  });

  it('loses the reply of an append', async () => {
    const { log, strikeNext } = await logWith();
    strikeNext('append', 'fail_after');
    await expect(log.append([record])).rejects.toMatchObject({ kind: 'unknown_outcome' });
    expect(await visible(log)).toBe(1);
  });

  it('refuses a fault that means nothing where it struck', async () => {
    const { log, strikeNext } = await logWith();
    strikeNext('append', 'short');
    await expect(log.append([record])).rejects.toMatchObject({ code: 'INVALID_FAULT' });
  });
});

describe('helpers', () => {
  it('compacts to the last record of each key and keeps tombstones until asked', async () => {
    const { log } = await logWith();
    const of = (key: string, value: string | null): OutgoingRecord => ({
      topic,
      partition: 0,
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    });
    await log.append([of('a', '1'), of('b', '1'), of('a', '2'), of('b', null)]);
    log.compact(topic, 0);
    const [slice] = await (await readerFrom(log, 0)).fetch();
    expect(slice?.records.map(({ offset }) => offset)).toEqual([2, 3]);
    log.compact(topic, 0, 'drop');
    expect(await visible(log)).toBe(1);
  });
});
