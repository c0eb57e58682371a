/** Records in packs: whatever their sizes and however they were written, they are read back as they were, in order. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutgoingHeader, OutgoingRecord } from '../../topology/log.ts';
import {
  type PackMemory,
  packBytesMax,
  RecordPack,
  RecordPacker,
  recordBytesMax,
  transactionRecordBytesMax,
} from '../../topology/record-pack.ts';
import { bytesOf } from '../../topology/text-bytes.ts';
import { unpacked } from '../support/packed.ts';

const place = { topic: 'charges', partition: 2 };

/** Around every size at which a length takes one byte more. */
const size = fc.oneof(
  fc.nat(200),
  fc.constantFrom(0, 1, 40, 50, 61, 62, 63, 64, 65, 8_100, 8_189, 8_190, 8_191, 8_192, 8_193, 20_000),
);
const content = fc.oneof(
  size.map((length) => Buffer.alloc(length, length)),
  fc.string({ maxLength: 80, unit: 'grapheme' }),
  fc.constant(null),
);
const headers = fc.array(fc.tuple(fc.string({ maxLength: 70 }), fc.string({ maxLength: 70 })), {
  maxLength: 4,
});
const record = fc.record({
  key: content,
  value: fc.option(size.map((length) => Buffer.alloc(length, length))),
  headers,
  sharedHeaders: headers,
});

function asWritten({
  key,
  value,
  headers: own = [],
  sharedHeaders = [],
}: Omit<OutgoingRecord, 'topic' | 'partition'>) {
  const all = [...own, ...sharedHeaders].map(([name, text]) => [name, bytesOf(text)]);
  return { ...place, key: bytesOf(key), value, headers: all };
}

describe('a record', () => {
  test('is read back as it was, whatever its neighbours were', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 60 }), (records) => {
        const packer = new RecordPacker(recordBytesMax);
        for (const each of records) packer.add({ ...place, ...each });
        expect(unpacked(packer.packs)).toEqual(records.map(asWritten));
      }),
      { numRuns: 300 },
    );
  });

  test('may be written in place, in memory that is too small for it at first', () => {
    const lengths = [10, 3, 70, 9_000, 63, 64, 0, 5_000_000, 1];
    const pack = new RecordPack(place.topic, place.partition, Buffer.alloc(8));
    const shared: readonly OutgoingHeader[] = [['type', 'charge']];
    for (const length of lengths) {
      const at = pack.begin(`key ${length}`);
      const missing = at + length - pack.buffer.length;
      if (missing > 0) pack.grow(missing);
      pack.buffer.fill(length % 251, at, at + length);
      pack.end(at + length, [['id', String(length)]], shared);
    }
    const expected = lengths.map((length) =>
      asWritten({
        key: `key ${length}`,
        value: Buffer.alloc(length, length % 251),
        headers: [['id', String(length)]],
        sharedHeaders: shared,
      }),
    );
    expect(unpacked([pack])).toEqual(expected);
    expect(pack.count).toBe(lengths.length);
  });
});

describe('packs', () => {
  test.each([
    ['small ones', 500, 10_000],
    ['large ones', 400_000, 7],
    ['the largest', 899_000, 3],
  ])('hold a whole batch at most, and all records in order: %s', (_, length, count) => {
    const packer = new RecordPacker(recordBytesMax);
    const records = Array.from({ length: count }, (_each, index) => {
      return { ...place, key: `key ${index}`, value: Buffer.alloc(length, index % 251) };
    });
    for (const each of records) packer.add(each);
    for (const { size: bytes } of packer.packs) expect(bytes).toBeLessThanOrEqual(packBytesMax);
    expect(packer.packs.reduce((sum, pack) => sum + pack.count, 0)).toBe(count);
    const read = unpacked(packer.packs);
    expect(read.map(({ key }) => key?.toString())).toEqual(records.map(({ key }) => key));
    expect(read.every(({ value }, index) => value?.equals(records[index]?.value ?? Buffer.alloc(0)))).toBe(
      true,
    );
  });

  test.each([
    ['no record', 900_001, recordBytesMax],
    ['none of a transaction either', 2_000_001, transactionRecordBytesMax],
  ])('take %s that is too large for its topic', (_, length, bytesMax) => {
    const packer = new RecordPacker(bytesMax);
    const add = (bytes: number): void => packer.add({ ...place, key: null, value: Buffer.alloc(bytes) });
    add(bytesMax - 100);
    expect(() => add(length)).toThrow('MESSAGE_TOO_LARGE');
  });

  test('a record that is larger than a batch may be is alone in its pack', () => {
    const packer = new RecordPacker(transactionRecordBytesMax);
    for (const bytes of [10, 1_500_000, 20]) packer.add({ ...place, key: null, value: Buffer.alloc(bytes) });
    expect(packer.packs.map(({ count }) => count)).toEqual([1, 1, 1]);
  });

  test('topics and partitions have packs of their own', () => {
    const packer = new RecordPacker(recordBytesMax);
    for (const partition of [0, 1, 0, 1]) {
      for (const topic of ['a', 'b']) packer.add({ topic, partition, key: null, value: Buffer.from(topic) });
    }
    expect(packer.packs.map(({ topic, partition, count }) => [topic, partition, count])).toEqual([
      ['a', 0, 2],
      ['b', 0, 2],
      ['a', 1, 2],
      ['b', 1, 2],
    ]);
  });

  test('give their memory to the packs of the next steps, and not before they are released', () => {
    const memory: PackMemory = new Map();
    const step = (text: string): RecordPacker => {
      const packer = new RecordPacker(recordBytesMax, memory);
      packer.add({ ...place, key: text, value: Buffer.alloc(100_000, text) });
      return packer;
    };
    const [first, second] = [step('a'), step('b')];
    const used = first.packs.map(({ buffer }) => buffer);
    expect(unpacked(first.packs)[0]?.key?.toString()).toBe('a');
    first.release();
    const third = step('c');
    expect(third.packs.map(({ buffer }) => buffer)).toEqual(used);
    expect(unpacked(second.packs)[0]?.value?.every((byte) => byte === 'b'.charCodeAt(0))).toBe(true);
    expect(unpacked(third.packs)[0]?.value?.every((byte) => byte === 'c'.charCodeAt(0))).toBe(true);
  });
});
