/**
 * Job: schemas that a careless or malicious team registered: ours with one more field in front, and texts that are no
 * schema of a record at all.
 *
 * Boundary: fills a directory; the bytes that belong to the extra field come with the id.
 */
import type { RecordName } from '../../schemas/generated/record-types.ts';
import { schemaOfRecord } from '../../schemas/record-type.ts';
import type { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { varint } from '../support/hostile-bytes.ts';

const NOBODYS_IDS: readonly number[] = [0, 1, 999_999_999, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const NOT_RECORDS: readonly string[] = [
  'no JSON',
  '{"type":"nonsense"}',
  '"string"',
  '["null","string"]',
  '{"type":"record","name":"Empty","fields":[]}',
  '{"type":"array","items":"null"}',
];

export interface ForeignWriters {
  readonly foreign: readonly { readonly id: number; readonly head: Buffer }[];
  /** Unknown to the registry, or known and unusable. */
  readonly strangeIds: readonly number[];
}

export async function foreignWriters(
  directory: MemorySchemaDirectory,
  name: RecordName,
): Promise<ForeignWriters> {
  const schema = schemaOfRecord(name);
  const register = async (text: string): Promise<number> => {
    const id = directory.register(text);
    await directory.load(id);
    return id;
  };
  const foreign = await Promise.all(
    EXTRAS.map(async ([type, head]) => {
      const fields = [{ name: 'extra', type }, ...schema.fields];
      return { id: await register(JSON.stringify({ ...schema, fields })), head };
    }),
  );
  const unusable = await Promise.all(NOT_RECORDS.map(register));
  const asText = schema.fields.map((field) => ({ ...field, type: 'string' }));
  const retyped = await register(JSON.stringify({ ...schema, fields: asText }));
  return { foreign, strangeIds: [...NOBODYS_IDS, ...unusable, retyped] };
}

const node = { type: 'record', name: 'Node', fields: [{ name: 'next', type: ['null', 'Node'] }] };
const tree = {
  type: 'record',
  name: 'Tree',
  fields: [{ name: 'next', type: { type: 'array', items: 'Tree' } }],
};
const billion = varint(1_000_000_000n);

/** Type of the extra field, and its bytes. */
const EXTRAS: readonly (readonly [unknown, Buffer])[] = [
  ['string', Buffer.from([6, 0x61, 0x62, 0x63])],
  ...[Number.NaN, Number.POSITIVE_INFINITY, -0].map((value) => ['double', doubleOf(value)] as const),
  ['float', Buffer.alloc(4, 0xff)],
  [{ type: 'array', items: 'null' }, Buffer.concat([billion, Buffer.from([0])])],
  [
    { type: 'array', items: { type: 'record', name: 'Nothing', fields: [] } },
    Buffer.concat([billion, Buffer.from([0])]),
  ],
  [{ type: 'map', values: 'null' }, Buffer.concat([varint(2n), Buffer.from([2, 0x61, 2, 0x61, 0])])],
  [node, Buffer.alloc(20_000, 2)],
  [tree, Buffer.alloc(20_000, 2)],
  [{ type: 'fixed', name: 'Fixed', size: 8 }, Buffer.alloc(8)],
  [{ type: 'fixed', name: 'Fixed', size: 2_000_000_000 }, Buffer.alloc(8)],
  [{ type: 'enum', name: 'Enum', symbols: ['A'] }, varint(7n)],
  [['string', 'null', 'long'], varint(5n)],
  ['bytes', Buffer.concat([varint(2n ** 62n), Buffer.alloc(3)])],
  ['long', Buffer.alloc(12, 0xff)],
];

function doubleOf(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}
