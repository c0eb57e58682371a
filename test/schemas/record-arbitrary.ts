/** Random but valid values of any record, made from its schema. */
import fc from 'fast-check';
import { amountOfUnits } from '../../schemas/amount.ts';
import { type AvroType, isUnion, namedRecords, type RecordSchema } from '../../schemas/avro-schema.ts';
import type { RecordName } from '../../schemas/generated/record-types.ts';
import { schemaOfRecord } from '../../schemas/record-type.ts';

type Names = ReadonlyMap<string, RecordSchema>;

/** Amounts of every size: small, at the edges of 64 bits, and at the edge of 38 digits. */
export const amounts = fc
  .oneof(
    fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }),
    fc.bigInt({ min: -(2n ** 63n) - 3n, max: -(2n ** 63n) + 3n }),
    fc.bigInt({ min: 2n ** 63n - 3n, max: 2n ** 63n + 3n }),
    fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
  )
  .map(amountOfUnits);

export function recordArbitrary(name: RecordName): fc.Arbitrary<unknown> {
  const schema = schemaOfRecord(name);
  return valueArbitrary(schema, namedRecords(schema), 0);
}

function valueArbitrary(type: AvroType, names: Names, depth: number): fc.Arbitrary<unknown> {
  if (typeof type === 'string') {
    const named = names.get(type);
    return named === undefined ? scalarArbitrary({ type }) : valueArbitrary(named, names, depth + 1);
  }
  if (isUnion(type)) return fc.option(valueArbitrary(type[1] ?? 'null', names, depth), { nil: null });
  if ('fields' in type) {
    return fc.record(
      Object.fromEntries(type.fields.map((field) => [field.name, valueArbitrary(field.type, names, depth)])),
    );
  }
  if (type.items !== undefined) {
    const max = depth > 1 ? 0 : 4;
    return max === 0
      ? fc.constant([])
      : fc.array(valueArbitrary(type.items, names, depth), { maxLength: max });
  }
  if (type.values !== undefined) {
    const keys = text().filter((key) => key !== '__proto__');
    return fc.dictionary(keys, valueArbitrary(type.values, names, depth), {
      maxKeys: 4,
      noNullPrototype: true,
    });
  }
  return scalarArbitrary(type);
}

function scalarArbitrary(type: {
  readonly type: string;
  readonly logicalType?: string;
  readonly brand?: string;
}) {
  if (type.logicalType === 'decimal') return amounts;
  if (type.logicalType === 'timestamp-millis') return fc.integer({ min: 0, max: 4_102_444_800_000 });
  if (type.brand === 'AccountId') return fc.stringMatching(/^[A-Za-z0-9._:-]{1,40}$/);
  if (type.type === 'boolean') return fc.boolean();
  if (type.type === 'bytes') return fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  if (type.type === 'int') return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  if (type.type === 'long') return fc.integer({ min: -(2 ** 52), max: 2 ** 53 - 2 });
  return text();
}

function text(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 80 }),
    fc.string({ unit: 'binary', maxLength: 30 }),
  );
}
