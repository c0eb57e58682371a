/**
 * Records that no service can read, written straight to usage-events by a careless producer.
 *
 * Each comes with the code under which rating must keep it. The partition is that of the key, so that nothing else is
 * wrong with them.
 */
import { encodeFramed } from '../../schemas/codec.ts';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import type { OutgoingRecord } from '../../topology/log.ts';
import { partitionOf } from '../../topology/partitioner.ts';

const UNKNOWN_SCHEMA_ID = 999_999_999;
const FRAME_BYTES = 5;

export interface Poison {
  readonly code: string;
  readonly record: OutgoingRecord;
}

export function poison(event: UsageEvent, directory: SchemaDirectory, partitions: number): readonly Poison[] {
  const good = encodeFramed('UsageEvent', event, directory.idOf('UsageEvent'));
  const key = Buffer.from(event.accountId);
  const record = (value: Buffer | null, recordKey: Buffer | null = key): OutgoingRecord => ({
    topic: 'usage-events',
    partition: partitionOf(key, partitions),
    key: recordKey,
    value,
  });
  const otherSchema = Buffer.concat([Buffer.from([0]), Buffer.alloc(4), good.subarray(FRAME_BYTES)]);
  otherSchema.writeUInt32BE(UNKNOWN_SCHEMA_ID, 1);
  return [
    { code: 'unframed', record: record(Buffer.from('{"requestId":"json-by-mistake"}')) },
    { code: 'undecodable', record: record(good.subarray(0, good.length - 20)) },
    { code: 'trailing_bytes', record: record(Buffer.concat([good, Buffer.from('extra')])) },
    { code: 'schema_unresolved', record: record(otherSchema) },
    { code: 'missing_value', record: record(null) },
    { code: 'missing_key', record: record(good, null) },
    { code: 'key_mismatch', record: record(good, Buffer.from(`${event.accountId}-other`)) },
  ];
}
