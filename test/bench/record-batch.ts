/**
 * P4: record batches. A thousand records of 170 bytes as one batch of a transaction: ours against the encoder inside
 * kafkajs. The bytes of both are compared, and what they decode to.
 */
import { isDeepStrictEqual } from 'node:util';
import encodeKafkajsRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import { RecordBatch } from 'kafkajs/src/protocol/recordBatch/v0/index.js';
import { type Progress, SILENT } from '../../infra/cli/progress.ts';
import { Random } from '../../infra/main-job/random.ts';
import type { OutgoingRecord } from '../../topology/log.ts';
import { WireWriter } from '../../topology/log-kafka-wire.ts';
import { encodeRecordBatch } from '../../topology/record-batch.ts';
import { decodeRecordSet } from '../../topology/record-batch-decode.ts';
import { RecordPacker, recordBytesMax } from '../../topology/record-pack.ts';
import { bytesOf } from '../../topology/text-bytes.ts';
import { type Comparison, compete } from './rounds.ts';

const RECORDS = 1_000;
const KEY_BYTES = 10;
const VALUE_BYTES = 160;
const BATCHES = 100;
const HEADER = {
  timestamp: 1_700_000_000_000,
  transactional: true,
  producerId: 4_711,
  producerEpoch: 3,
  baseSequence: 42,
} as const;

export function batchRecords(seed: number, count = RECORDS): readonly OutgoingRecord[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => ({
    topic: 'charges',
    partition: 0,
    key: Buffer.from(`acct-${String(random.below(10_000)).padStart(KEY_BYTES - 5, '0')}`),
    value: Buffer.from(Array.from({ length: VALUE_BYTES }, () => random.below(256))),
  }));
}

const writer = new WireWriter();
const packer = new RecordPacker(recordBytesMax);

/** Valid until the next call. */
export function ourBatch(records: readonly OutgoingRecord[]): Buffer {
  writer.reset();
  for (const record of records) packer.add(record);
  for (const pack of packer.packs) encodeRecordBatch(writer, pack, HEADER);
  packer.release();
  return writer.buffer.subarray(0, writer.at);
}

export async function kafkajsBatch(records: readonly OutgoingRecord[]): Promise<Buffer> {
  const { timestamp, baseSequence, ...producer } = HEADER;
  const batch = await RecordBatch({
    ...producer,
    firstTimestamp: timestamp,
    maxTimestamp: timestamp,
    partitionLeaderEpoch: -1,
    lastOffsetDelta: records.length - 1,
    firstSequence: baseSequence,
    records: records.map(({ key, value }, offsetDelta) =>
      encodeKafkajsRecord({ offsetDelta, timestampDelta: 0, key: bytesOf(key), value, headers: {} }),
    ),
  });
  return batch.buffer;
}

/** Every record that does not come back as it was from both encoders, and one more where the bytes differ. */
export async function batchDifferences(records: readonly OutgoingRecord[]): Promise<number> {
  const [ours, plain] = [Buffer.from(ourBatch(records)), await kafkajsBatch(records)];
  const place = { topic: 'charges', partition: 0, aborted: [], position: 0 };
  const [fromOurs, fromPlain] = [ours, plain].map((bytes) => decodeRecordSet({ ...place, bytes }).records);
  const isWrong = ({ key, value }: OutgoingRecord, index: number): boolean =>
    [fromOurs?.[index], fromPlain?.[index]].some(
      (read) =>
        !isDeepStrictEqual([read?.key, read?.value, read?.appendedAt], [key, value, HEADER.timestamp]),
    );
  return records.filter(isWrong).length + (ours.equals(plain) ? 0 : 1);
}

export async function recordBatch(progress: Progress = SILENT, batches = BATCHES): Promise<Comparison> {
  const records = batchRecords(1);
  const contest = await compete(
    {
      name: `${RECORDS} records of ${KEY_BYTES + VALUE_BYTES} bytes to a batch`,
      operations: batches,
      operation: 'batches',
      sides: [
        {
          name: 'ours',
          run() {
            for (let batch = 0; batch < batches; batch += 1) ourBatch(records);
          },
        },
        {
          name: 'kafkajs',
          async run() {
            for (let batch = 0; batch < batches; batch += 1) await kafkajsBatch(records);
          },
        },
      ],
    },
    progress,
  );
  return { contests: [contest], compared: RECORDS + 1, differences: await batchDifferences(records) };
}
