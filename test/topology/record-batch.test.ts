import { gzipSync } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Extent, viewOf } from '../../schemas/extent.ts';
import type { Header, LogRecord, OutgoingRecord } from '../../topology/log.ts';
import { planRounds } from '../../topology/log-kafka-plan.ts';
import { WireWriter, writeInt64 } from '../../topology/log-kafka-wire.ts';
import { encodeRecordBatch } from '../../topology/record-batch.ts';
import { type AbortedTransaction, decodeRecordSet } from '../../topology/record-batch-decode.ts';
import { packRecords, RecordPack, recordBytesMax } from '../../topology/record-pack.ts';
import { unpacked } from '../support/packed.ts';

const topic = 'charges';
const timestamp = 1_700_000_000_000;

interface BatchSpec {
  readonly offset: number;
  readonly values: readonly string[];
  readonly producerId?: number;
  /** 'commit' or 'abort' makes a control batch. */
  readonly marker?: 'commit' | 'abort';
  readonly key?: Buffer;
}

function outgoing(value: string, key: Buffer | null = null): OutgoingRecord {
  return { topic, partition: 0, key, value: Buffer.from(value) };
}

function encode(records: readonly OutgoingRecord[], producerId = -1): Buffer {
  const writer = new WireWriter();
  const pack = new RecordPack(topic, 0, Buffer.alloc(0));
  for (const record of records) pack.add(record);
  const header = { timestamp, transactional: producerId >= 0, producerId, producerEpoch: 0, baseSequence: 0 };
  encodeRecordBatch(writer, pack, header);
  return Buffer.from(writer.buffer.subarray(0, writer.at));
}

function sealed(batch: Buffer): Buffer {
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

function batchOf({ offset, values, producerId = -1, marker, key }: BatchSpec): Buffer {
  const markerKey = Buffer.from([0, 0, 0, marker === 'commit' ? 1 : 0]);
  const records =
    marker === undefined ? values.map((value) => outgoing(value, key ?? null)) : [outgoing('', markerKey)];
  const bytes = encode(records, producerId);
  writeInt64(bytes, offset, 0);
  if (marker !== undefined) bytes.writeInt16BE(bytes.readInt16BE(21) | 0x20, 21);
  return sealed(bytes);
}

function decode(bytes: Buffer, position = 0, aborted: readonly AbortedTransaction[] = []) {
  return decodeRecordSet({ topic, partition: 0, bytes, position, aborted });
}

function contentOf(extent: Extent | null | undefined): Buffer | null | undefined {
  return extent ? viewOf(extent) : extent;
}

function valuesOf(records: readonly LogRecord[]): string[] {
  return records.map(({ value }) => String(value));
}

const bytesOrNull = fc.option(
  fc
    .oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(20_000).map((size) => new Uint8Array(size)),
    )
    .map((bytes) => Buffer.from(bytes)),
);
const headers = fc.array(
  fc.tuple(
    fc.string({ maxLength: 80 }),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  ),
  { maxLength: 5 },
);

describe('a batch', () => {
  it('is read as it was written', () => {
    const record = fc.record({ key: bytesOrNull, value: bytesOrNull, headers, sharedHeaders: headers });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 100 }), (contents) => {
        const bytes = encode(contents.map((content) => ({ topic, partition: 0, ...content })));
        const { records, nextOffset } = decode(bytes);
        expect(nextOffset).toBe(contents.length);
        for (const [index, { key, value, headers: own, sharedHeaders }] of contents.entries()) {
          const read = records[index];
          expect([read?.offset, read?.appendedAt]).toEqual([index, timestamp]);
          expect([read?.key, read?.value]).toEqual([key, value]);
          expect([read?.keyIn, read?.valueIn].map(contentOf)).toEqual([key, value]);
          const sent = [...own, ...sharedHeaders];
          expect(read?.headers).toEqual(sent.map(([name, bytesOf]): Header => [name, bytesOf]));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is refused when one bit is wrong', () => {
    const bytes = batchOf({ offset: 0, values: ['a', 'b'] });
    for (let at = 21; at < bytes.length; at += 1) {
      const broken = Buffer.from(bytes);
      broken[at] = (broken[at] ?? 0) ^ 1;
      expect(() => decode(broken)).toThrow('CORRUPT_MESSAGE');
    }
  });

  it('takes the append time of the broker when the batch says so', () => {
    const bytes = batchOf({ offset: 0, values: ['a'] });
    bytes.writeInt16BE(bytes.readInt16BE(21) | 0x08, 21);
    writeInt64(bytes, timestamp + 5_000, 35);
    expect(decode(sealed(bytes)).records[0]?.appendedAt).toBe(timestamp + 5_000);
  });

  it('may be compressed with gzip', () => {
    const plain = batchOf({ offset: 0, values: ['a', 'b', 'c'] });
    const packed = Buffer.concat([plain.subarray(0, 61), gzipSync(plain.subarray(61))]);
    packed.writeInt16BE(1, 21);
    expect(valuesOf(decode(sealed(packed)).records)).toEqual(['a', 'b', 'c']);
    packed.writeInt16BE(2, 21);
    expect(() => decode(sealed(packed))).toThrow('UNSUPPORTED_COMPRESSION');
  });

  it('may begin before the position and be cut off at the end', () => {
    const bytes = Buffer.concat([
      batchOf({ offset: 10, values: ['a', 'b', 'c'] }),
      batchOf({ offset: 13, values: ['d'] }).subarray(0, 65),
    ]);
    const { records, nextOffset } = decode(bytes, 11);
    expect(records.map(({ offset }) => offset)).toEqual([11, 12]);
    expect(nextOffset).toBe(13);
  });

  it('may be emptied by compaction and still moves the reader', () => {
    const bytes = batchOf({ offset: 7, values: ['a'] }).subarray(0, 61);
    bytes.writeInt32BE(4, 23);
    bytes.writeInt32BE(0, 57);
    expect(decode(sealed(Buffer.from(bytes)), 7)).toEqual({ records: [], nextOffset: 12 });
  });
});

describe('aborted transactions', () => {
  const zeros = Buffer.alloc(4);
  const set = Buffer.concat([
    batchOf({ offset: 0, values: ['1a'], producerId: 1 }),
    batchOf({ offset: 1, values: ['2a'], producerId: 2 }),
    batchOf({ offset: 2, values: ['1 zeros'], producerId: 1, key: zeros }),
    batchOf({ offset: 3, values: ['3a'], producerId: 3 }),
    batchOf({ offset: 4, values: ['plain'] }),
    batchOf({ offset: 5, values: ['2b'], producerId: 2 }),
    batchOf({ offset: 6, values: [], producerId: 2, marker: 'abort' }),
    batchOf({ offset: 7, values: ['1b'], producerId: 1 }),
    batchOf({ offset: 8, values: [], producerId: 3, marker: 'commit' }),
    batchOf({ offset: 9, values: [], producerId: 1, marker: 'abort' }),
    batchOf({ offset: 10, values: ['1 next'], producerId: 1 }),
    batchOf({ offset: 11, values: [], producerId: 1, marker: 'commit' }),
  ]);
  /** In the order of completion, as the broker lists them. */
  const aborted = [
    { producerId: 2, firstOffset: 1 },
    { producerId: 1, firstOffset: 0 },
  ];

  it('are left out, whichever way they interleave', () => {
    const { records, nextOffset } = decode(set, 0, aborted);
    expect(valuesOf(records)).toEqual(['3a', 'plain', '1 next']);
    expect(nextOffset).toBe(12);
  });

  it('are left out when the fetch begins inside them', () => {
    const sizes = [0, 1, 2].map(
      (index) =>
        batchOf({
          offset: index,
          values: [index === 2 ? '1 zeros' : '1a'],
          producerId: 1,
          ...(index === 2 ? { key: zeros } : {}),
        }).length,
    );
    const from = set.subarray(sizes.reduce((sum, size) => sum + size, 0));
    expect(valuesOf(decode(Buffer.from(from), 3, aborted).records)).toEqual(['3a', 'plain', '1 next']);
  });
});

describe('planning', () => {
  it('keeps the order of each partition over batches and rounds, and no batch above its limit', () => {
    const spec = fc.record({ partition: fc.nat(3), size: fc.oneof(fc.nat(500), fc.constant(400_000)) });
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 40 }), (specs) => {
        const records = specs.map(({ partition, size }) => ({
          topic,
          partition,
          key: null,
          value: Buffer.alloc(size),
        }));
        const rounds = planRounds(packRecords(records, recordBytesMax));
        for (const round of rounds) {
          const places = round.map(({ partition }) => partition);
          expect(new Set(places).size).toBe(places.length);
          for (const batch of round) expect(batch.bytes.length).toBeLessThanOrEqual(900_000);
        }
        for (const partition of [0, 1, 2, 3]) {
          const laid = rounds.flat().filter((batch) => batch.partition === partition);
          expect(unpacked(laid).map(({ value }) => value)).toEqual(
            records.filter((record) => record.partition === partition).map(({ value }) => value),
          );
        }
      }),
      { numRuns: 50 },
    );
  });
});
