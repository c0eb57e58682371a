/** Bytes that no honest producer writes, made from honest ones. */
import { typeOfSchema } from '../../schemas/avro-type.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { schemaOfRecord } from '../../schemas/record-type.ts';
import type { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { use } from './task-bench.ts';

/** An Avro long of any size. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

export function framed(id: number, body: Buffer): Buffer {
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(id, 1);
  return Buffer.concat([frame, body]);
}

export function goodBytes(directory: MemorySchemaDirectory, change: Partial<UsageEvent> = {}): Buffer {
  return encodeFramed('UsageEvent', use(change), directory.idOf('UsageEvent'));
}

/** A use whose count is 2^60: the marker count is found in honest bytes and replaced. */
export function withHugeCount(directory: MemorySchemaDirectory): Buffer {
  const marker = 987_654_321_012;
  const honest = goodBytes(directory, { characters: marker });
  const at = honest.indexOf(varint(BigInt(marker)));
  const rest = honest.subarray(at + varint(BigInt(marker)).length);
  return Buffer.concat([honest.subarray(0, at), varint(2n ** 60n), rest]);
}

/** The schema of a use as another team has it: with one more field, at the start or at the end. */
function foreignSchema(extra: object, where: 'first' | 'last') {
  const schema = schemaOfRecord('UsageEvent');
  const fields = where === 'first' ? [extra, ...schema.fields] : [...schema.fields, extra];
  return { ...schema, fields };
}

/** A use as written by a producer of a later, compatible schema with a field that we do not know. */
export async function foreignBytes(
  directory: MemorySchemaDirectory,
  change: Partial<UsageEvent> = {},
): Promise<Buffer> {
  const schema = foreignSchema({ name: 'region', type: 'string', default: '' }, 'last');
  const id = directory.register(JSON.stringify(schema));
  await directory.load(id);
  return framed(id, typeOfSchema(schema).toBuffer({ ...use(change), region: 'eu-1' }));
}

/** Fifteen bytes that claim to hold an array of a billion items which take no room. */
export async function arrayBomb(directory: MemorySchemaDirectory): Promise<Buffer> {
  const extra = { name: 'bomb', type: { type: 'array', items: 'null' } };
  const id = directory.register(JSON.stringify(foreignSchema(extra, 'first')));
  await directory.load(id);
  return framed(id, Buffer.concat([varint(1_000_000_000n), Buffer.alloc(5)]));
}
