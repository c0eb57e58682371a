/**
 * Job: every defect of kafkajs 2.2.4 that could reach a ledger, first shown on kafkajs itself, then, with the same input,
 * shown not to be in the part of ours that stands in its place.
 *
 * A case that no longer fails on kafkajs says that the package has changed: its half is removed, ours stays.
 *
 * | defect of kafkajs                         | shown on kafkajs            | closed in ours by                                  | and tested in                             |
 * | ----------------------------------------- | --------------------------- | -------------------------------------------------- | ----------------------------------------- |
 * | aborted records of interleaved producers  | here, and on a broker (*)   | own decoder: aborted list sorted by first offset   | log.transactions.ts, record-batch.test.ts |
 * | fetch begins inside aborted transactions  | here                        | own decoder: all that began before are opened      | log.transactions.ts, record-batch.test.ts |
 * | key of four zero bytes is taken for abort | here                        | own decoder: markers are known by the control flag | log.transactions.ts, record-batch.test.ts |
 * | sequence reused after a failed send       | on a broker (*)             | a transactor is spent after any error              | (*), log.transactions.ts                  |
 * | out of range jumps in silence             | on a broker (*)             | own reader raises it; no group offset is read      | (*), log.reading.ts                       |
 * | compacted empty batches hold the position | here                        | own decoder: next offset is behind the batch       | log.transactions.ts, record-batch.test.ts |
 * | grouping in quadratic time                | here                        | own plan: one pass                                 | record-batch.test.ts                      |
 * | request queue arms a timer for ever       | here                        | patch in log-kafka-client.ts                       | log.request-queue.test.ts                 |
 * | checksum is not looked at                 | here                        | own decoder: crc32c of every batch                 | record-batch.test.ts                      |
 * | timestamps are sorted as text             | here                        | own encoder: one time a batch                      | here                                      |
 * | argument spread on huge batches           | here                        | own decoder: records are pushed one by one         | here                                      |
 * | a commit that throws leaves it stuck      | here, and on a broker (*)   | spent after any error; the next one fences it      | (*), log.transactions.ts                  |
 * | offsets marked as committed too early     | not: needs its consumer     | its producer and consumer are not used             | log.transactions.ts                       |
 * | adding offsets is not tried again         | not: needs its producer     | CONCURRENT_TRANSACTIONS is waited out              | log.transactions.ts                       |
 *
 * (*) test/integration/kafkajs-defects.test.ts
 */
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { OutgoingRecord } from '../../topology/log.ts';
import '../../topology/log-kafka-client.ts';
import { type AbortedTransaction, decodeRecordSet } from '../../topology/record-batch-decode.ts';
import { packRecords, recordBytesMax } from '../../topology/record-pack.ts';
import { unpacked } from '../support/packed.ts';
import { batchBytes, emptiedBatch } from './kafkajs-batches.ts';
import {
  groupMessages,
  type StockBatch,
  stockBatch,
  stockManager,
  stockQueue,
  stockRecordSet,
  stockResolved,
} from './kafkajs-stock.ts';

function ours(bytes: Buffer, position = 0, aborted: readonly AbortedTransaction[] = []) {
  return decodeRecordSet({ topic: 'charges', partition: 0, bytes, position, aborted });
}

function texts(messages: readonly { readonly value: Buffer | null }[]): readonly string[] {
  return messages.map(({ value }) => String(value));
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('aborted records come through read_committed', () => {
  const set = Buffer.concat([
    batchBytes({ offset: 0, values: ['1 first'], producerId: 1 }),
    batchBytes({ offset: 1, values: ['2 first'], producerId: 2 }),
    batchBytes({ offset: 2, values: ['1 second'], producerId: 1 }),
    batchBytes({ offset: 3, values: ['plain'] }),
    batchBytes({ offset: 4, producerId: 2, marker: 'abort' }),
    batchBytes({ offset: 5, producerId: 1, marker: 'abort' }),
    batchBytes({ offset: 6, values: ['after'] }),
  ]);
  /** In order of completion, as the broker lists them. */
  const aborted = [
    { producerId: 2, firstOffset: 1 },
    { producerId: 1, firstOffset: 0 },
  ];
  const fetchedFrom = (offset: number): Buffer => {
    const sizes = [0, 1].map((at) => batchBytes({ offset: at, values: ['1 first'], producerId: 1 }).length);
    return set.subarray(sizes.slice(0, offset).reduce((sum, size) => sum + size, 0));
  };

  test('when producers interleave', async () => {
    const stock = await stockBatch(set, 0, aborted);
    expect(texts(stock.messages)).toEqual(['1 first', 'plain', 'after']);
    expect(texts(ours(set, 0, aborted).records)).toEqual(['plain', 'after']);
  });

  test('when the fetch begins inside two of them', async () => {
    const bytes = fetchedFrom(2);
    const stock = await stockBatch(bytes, 2, aborted);
    expect(texts(stock.messages)).toEqual(['1 second', 'plain', 'after']);
    expect(texts(ours(bytes, 2, aborted).records)).toEqual(['plain', 'after']);
  });

  test('behind a record whose key is four zero bytes', async () => {
    const bytes = Buffer.concat([
      batchBytes({ offset: 0, values: ['zeros'], producerId: 1, key: Buffer.alloc(4) }),
      batchBytes({ offset: 1, values: ['aborted'], producerId: 1 }),
      batchBytes({ offset: 2, producerId: 1, marker: 'abort' }),
    ]);
    const list = [{ producerId: 1, firstOffset: 0 }];
    expect(texts((await stockBatch(bytes, 0, list)).messages)).toEqual(['zeros', 'aborted']);
    expect(ours(bytes, 0, list)).toEqual({ records: [], nextOffset: 3 });
  });
});

describe('what was fetched', () => {
  test('does not move the position when compaction has emptied it', async () => {
    const bytes = emptiedBatch(7, 5);
    const stock: StockBatch = await stockBatch(bytes, 7);
    expect([stock.isEmpty(), stock.isEmptyDueToFiltering()]).toEqual([true, false]);
    expect(await stockResolved(stock)).toEqual([]);
    const full = await stockBatch(batchBytes({ offset: 7, values: ['there'] }), 7);
    expect(await stockResolved(full)).toEqual(['7']);
    expect(ours(bytes, 7)).toEqual({ records: [], nextOffset: 12 });
  });

  test('is believed when a bit of it has flipped', async () => {
    const bytes = batchBytes({ offset: 0, values: ['amount 100'] });
    const at = bytes.indexOf('100');
    bytes[at] = (bytes[at] ?? 0) ^ 8;
    expect(texts((await stockBatch(bytes)).messages)).toEqual(['amount 900']);
    expect(() => ours(bytes)).toThrow('CORRUPT_MESSAGE');
  });

  test('is too much when a batch is huge', async () => {
    const values = Array.from({ length: 200_000 }, () => '');
    const bytes = batchBytes({ offset: 0, values });
    await expect(stockBatch(bytes)).rejects.toThrow(RangeError);
    expect(ours(bytes).records).toHaveLength(values.length);
  });
});

describe('sending', () => {
  /** Copying an array goes through its iterator, so the elements that are copied can be counted. */
  function elementsRead(work: () => void): number {
    const original = Array.prototype[Symbol.iterator];
    let elements = 0;
    Array.prototype[Symbol.iterator] = function read(this: unknown[]) {
      elements += this.length;
      return original.call(this);
    };
    try {
      work();
    } finally {
      Array.prototype[Symbol.iterator] = original;
    }
    return elements;
  }

  test('groups in quadratic time', () => {
    const count = 2_000;
    const records = Array.from({ length: count }, (): OutgoingRecord => {
      return { topic: 'charges', partition: 0, key: null, value: Buffer.alloc(10) };
    });
    const given = { topic: 'charges', partitionMetadata: [{}], messages: records, partitioner: () => 0 };
    expect(elementsRead(() => groupMessages(given))).toBeGreaterThanOrEqual((count * (count - 1)) / 2);
    const packed = packRecords(records, recordBytesMax);
    expect(elementsRead(() => packRecords(records, recordBytesMax))).toBeLessThanOrEqual(2 * count);
    expect(unpacked(packed).map(({ value }) => value)).toEqual(records.map(({ value }) => value));
  });

  test('sorts timestamps as text, so that a batch ends before it begins', async () => {
    const [early, late] = [999_999_999_999, 1_000_000_000_000];
    const stock = await stockRecordSet([early, late]);
    const timesOf = (batch: Buffer) => [27, 35].map((at) => Number(batch.readBigInt64BE(at)));
    expect(timesOf(stock)).toEqual([late, early]);
    const written = batchBytes({ offset: 0, values: ['a', 'b'], timestamp: late });
    expect(timesOf(written)).toEqual([late, late]);
  });
});

describe('a connection without work', () => {
  /** Runs timers by hand: how many are armed when each that fires asks again, and the delays they were given. */
  function delaysOf(queue: { checkPendingRequests(): void }): readonly number[] {
    const delays: number[] = [];
    const due: (() => void)[] = [];
    const id = setTimeout(() => undefined, 0);
    clearTimeout(id);
    vi.spyOn(globalThis, 'setTimeout').mockImplementation((work, delay) => {
      delays.push(delay ?? 0);
      due.push(work);
      return id;
    });
    queue.checkPendingRequests();
    for (let turns = 0; turns < 50; turns += 1) due.shift()?.();
    vi.restoreAllMocks();
    return delays;
  }

  test('keeps arming a timer with a delay below zero', () => {
    const stock = delaysOf(stockQueue());
    expect(stock).toHaveLength(51);
    expect(Math.max(...stock)).toBeLessThan(0);
    const logger = { debug: () => undefined };
    const options = { maxInFlightRequests: null, requestTimeout: 1_000, enforceRequestTimeout: false };
    expect(delaysOf(new RequestQueue({ ...options, clientId: 'test', broker: 'none', logger }))).toEqual([]);
  });
});

describe('a commit that throws', () => {
  test('leaves the producer in a state that it cannot leave, even when the broker answers again', async () => {
    let isDown = true;
    const manager = stockManager(async () => {
      if (isDown) throw new Error('the coordinator has moved');
    });
    await manager.initProducerId();
    manager.beginTransaction();
    await manager.addPartitionsToTransaction([{ topic: 'charges', partitions: [{ partition: 0 }] }]);
    await expect(manager.commit()).rejects.toThrow('the coordinator has moved');
    isDown = false;
    await expect(manager.commit()).rejects.toThrow('Cannot call "commit" in state "COMMITTING"');
    await expect(manager.abort()).rejects.toThrow('Cannot call "abort" in state "COMMITTING"');
    await expect(manager.initProducerId()).rejects.toThrow('in state "COMMITTING"');
    expect(() => manager.beginTransaction()).toThrow('in state "COMMITTING"');
  });
});
