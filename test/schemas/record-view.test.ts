/** A record that is read in part: what is read is what reading the whole gives, and what was left out says so. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFramed, encodeFramed } from '../../schemas/codec.ts';
import type { Charge } from '../../schemas/generated/charge.ts';
import { recordFromJson } from '../../schemas/json-form.ts';
import { schemaOfRecord, schemaTextOfRecord } from '../../schemas/record-type.ts';
import { RecordView } from '../../schemas/record-view.ts';
import { samplesOf } from '../../schemas/samples/sample-files.ts';
import { WriterSchema } from '../../schemas/writer-schema.ts';
import { recordArbitrary } from './record-arbitrary.ts';

const OWN = new WriterSchema(7, schemaTextOfRecord('Charge'));
const NAMES = schemaOfRecord('Charge').fields.map(({ name }) => name);
const CHARGE: Charge = recordFromJson('Charge', samplesOf('Charge')[0]?.json);

function readAs(view: RecordView<'Charge'>, bytes: Buffer, writer = OWN): Charge {
  const decoded = decodeFramed(view, bytes, () => writer);
  if (!decoded.ok) throw new Error(`${decoded.code}: ${decoded.message}`);
  return decoded.value;
}

/** A writer's schema of charges with other fields than ours. */
function writerWith(fields: (own: readonly { readonly name: string }[]) => readonly object[]): WriterSchema {
  const schema = schemaOfRecord('Charge');
  return new WriterSchema(9, JSON.stringify({ ...schema, fields: fields(schema.fields) }));
}

describe('what is read in part', () => {
  test('is what the whole has, for any fields of any charge', () => {
    fc.assert(
      fc.property(recordArbitrary('Charge'), fc.subarray(NAMES), (value, fields) => {
        const charge = value as Charge;
        const read = readAs(new RecordView('Charge', fields), encodeFramed('Charge', charge, 7));
        const picked = Object.entries(charge).filter(([name]) => fields.includes(name));
        // What avsc makes are records of classes of its own; only their fields are compared.
        expect(plain(read)).toEqual(plain(Object.fromEntries(picked)));
      }),
    );
  });

  test('goes into the records of a list', () => {
    const read = readAs(
      new RecordView('Charge', ['chargeId', 'components.quantity']),
      encodeFramed('Charge', CHARGE, 7),
    );
    expect(plain(read)).toEqual({
      chargeId: CHARGE.chargeId,
      components: CHARGE.components.map(({ quantity }) => ({ quantity })),
    });
  });

  test('says of every other field that it was left out, inside lists too', () => {
    const read = readAs(
      new RecordView('Charge', ['chargeId', 'components.quantity']),
      encodeFramed('Charge', CHARGE, 7),
    );
    for (const name of NAMES.filter((field) => field !== 'chargeId' && field !== 'components')) {
      expect(() => read[name as keyof Charge]).toThrow(`Charge.${name} was not read`);
    }
    expect(() => read.components[0]?.amount).toThrow('ChargeComponent.amount was not read');
    expect(() => encodeFramed('Charge', read, 7)).toThrow('was not read');
  });

  test('of a writer with a field more is the same', () => {
    const more = writerWith((own) => [{ name: 'colour', type: 'string' }, ...own]);
    const body = encodeFramed('Charge', CHARGE, 9);
    const bytes = Buffer.concat([
      body.subarray(0, 5),
      Buffer.from([6]),
      Buffer.from('red'),
      body.subarray(5),
    ]);
    expect(readAs(new RecordView('Charge', ['amount']), bytes, more).amount).toBe(CHARGE.amount);
  });
});

describe('what cannot be read whole cannot be read in part', () => {
  const view = new RecordView('Charge', ['chargeId']);
  const framed = encodeFramed('Charge', CHARGE, 7);
  const shortened = framed.subarray(0, framed.length - 1);
  const cases: readonly (readonly [string, string, Buffer, WriterSchema])[] = [
    [
      'a writer without a field that is not looked at',
      'schema_mismatch',
      framed,
      writerWith((own) => own.filter(({ name }) => name !== 'currency')),
    ],
    ['a value that ends too early', 'undecodable', shortened, OWN],
    ['a value that is followed by something', 'trailing_bytes', Buffer.concat([framed, Buffer.of(0)]), OWN],
  ];
  test.each(cases)('%s', (_, code, bytes, writer) => {
    expect(decodeFramed(view, bytes, () => writer)).toMatchObject({ ok: false, code });
    expect(decodeFramed('Charge', bytes, () => writer)).toMatchObject({ ok: false, code });
  });
});

test.each([
  ['colour', 'Charge has no field colour'],
  ['components.colour', 'ChargeComponent has no field colour'],
  ['amount.units', 'units is a path into bytes'],
])('a view of %s is refused when it is made', (path, message) => {
  expect(() => new RecordView('Charge', [path])).toThrow(message);
});

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
