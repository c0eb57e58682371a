/** Record batches byte by byte: of several producers, with markers, emptied by compaction. */
import { crc32c } from '@node-rs/crc32';
import type { OutgoingRecord } from '../../topology/log.ts';
import { WireWriter, writeInt64 } from '../../topology/log-kafka-wire.ts';
import { encodeRecordBatch } from '../../topology/record-batch.ts';
import { RecordPack } from '../../topology/record-pack.ts';

export interface BatchSpec {
  readonly offset: number;
  readonly values?: readonly string[];
  readonly producerId?: number;
  /** A control batch that ends the producer's transaction. */
  readonly marker?: 'commit' | 'abort';
  readonly key?: Buffer;
  readonly timestamp?: number;
}

export function batchBytes(spec: BatchSpec): Buffer {
  const { offset, values = [], producerId = -1, marker, key = null, timestamp = 1_700_000_000_000 } = spec;
  const markerKey = Buffer.from([0, 0, 0, marker === 'commit' ? 1 : 0]);
  const of = (recordKey: Buffer | null, value: string): OutgoingRecord => ({
    topic: 'charges',
    partition: 0,
    key: recordKey,
    value: Buffer.from(value),
  });
  const records = marker === undefined ? values.map((value) => of(key, value)) : [of(markerKey, '')];
  const writer = new WireWriter();
  const pack = new RecordPack('charges', 0, Buffer.alloc(0));
  for (const record of records) pack.add(record);
  const header = { timestamp, transactional: producerId >= 0, producerId, producerEpoch: 0, baseSequence: 0 };
  encodeRecordBatch(writer, pack, header);
  const bytes = Buffer.from(writer.buffer.subarray(0, writer.at));
  writeInt64(bytes, offset, 0);
  if (marker !== undefined) bytes.writeInt16BE(bytes.readInt16BE(21) | 0x20, 21);
  return sealed(bytes);
}

/** What the log cleaner leaves of a batch of `count` records when later ones replaced them all. */
export function emptiedBatch(offset: number, count: number): Buffer {
  const bytes = Buffer.from(batchBytes({ offset, values: ['gone'] }).subarray(0, 61));
  bytes.writeInt32BE(count - 1, 23);
  bytes.writeInt32BE(0, 57);
  return sealed(bytes);
}

function sealed(bytes: Buffer): Buffer {
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
  return bytes;
}
