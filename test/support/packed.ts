/** What was packed, as records again. */
import { frameId } from '../../schemas/codec.ts';
import type { RecordName } from '../../schemas/generated/record-types.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import { type ChangelogPartition, packState } from '../../topology/changelog.ts';
import type { OutgoingRecord, PackedRecords, TransactionBatch } from '../../topology/log.ts';
import { type UnpackedRecord, unpackRecords } from '../../topology/record-batch-decode.ts';
import { RecordPacker, transactionRecordBytesMax } from '../../topology/record-pack.ts';
import type { StateChange } from '../../topology/store.ts';

export function unpacked(packs: readonly PackedRecords[]): readonly UnpackedRecord[] {
  return packs.flatMap(unpackRecords);
}

/** Everything that a transaction writes, in the order of each partition. */
export function writtenIn({ records, packed = [] }: TransactionBatch): readonly OutgoingRecord[] {
  return [...records, ...unpacked(packed)];
}

export function stateRecords(
  place: ChangelogPartition,
  changes: readonly StateChange[],
  blocks: Parameters<typeof packState>[2]['blocks'] = [],
): readonly UnpackedRecord[] {
  const packer = new RecordPacker(transactionRecordBytesMax);
  packState(packer, place, { changes, blocks });
  return unpacked(packer.packs);
}

/** Those whose value is such a record. */
export function valuesNamed(
  records: readonly UnpackedRecord[],
  name: RecordName,
  directory: SchemaDirectory,
): readonly Buffer[] {
  const id = directory.idOf(name);
  return records.flatMap(({ value }) => (value !== null && frameId(value) === id ? [value] : []));
}
