import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAmount } from '../../schemas/amount.ts';
import { decodeFramed, EncodeError, encodeBody, encodeFramed, frameId } from '../../schemas/codec.ts';
import type { Charge } from '../../schemas/generated/charge.ts';
import { RECORD_FILES, type RecordName } from '../../schemas/generated/record-types.ts';
import { recordFromJson, recordToJson } from '../../schemas/json-form.ts';
import { schemaTextOfRecord } from '../../schemas/record-type.ts';
import { samplesOf } from '../../schemas/samples/sample-files.ts';
import { WriterSchema } from '../../schemas/writer-schema.ts';
import { recordArbitrary } from './record-arbitrary.ts';

const NAMES = Object.keys(RECORD_FILES) as RecordName[];

function own(name: RecordName): WriterSchema {
  return new WriterSchema(7, schemaTextOfRecord(name));
}

function sampleCharge(): Charge {
  return recordFromJson('Charge', samplesOf('Charge')[0]?.json);
}

describe.each(NAMES)('%s', (name) => {
  const writer = own(name);

  test('any value comes back as it was, in bytes and in JSON', () => {
    fc.assert(
      fc.property(recordArbitrary(name), (value) => {
        const record = value as Parameters<typeof encodeBody<typeof name>>[1];
        const framed = encodeFramed(name, record, 7);
        const decoded = decodeFramed(name, framed, () => writer);
        if (!decoded.ok) throw new Error(decoded.message);
        expect(plain(decoded.value)).toEqual(plain(value));
        expect(encodeFramed(name, decoded.value, 7).equals(framed)).toBe(true);
        const json = JSON.parse(JSON.stringify(recordToJson(name, record)));
        expect(plain(recordFromJson(name, json))).toEqual(plain(value));
      }),
      { numRuns: 60 },
    );
  });
});

describe('encoding', () => {
  const broken: readonly (readonly [string, string, (charge: Charge) => unknown])[] = [
    ['a fraction', 'components.0.quantity', (c) => withQuantity(c, 0.5)],
    ['NaN', 'components.0.quantity', (c) => withQuantity(c, Number.NaN)],
    ['infinity', 'components.0.quantity', (c) => withQuantity(c, Number.POSITIVE_INFINITY)],
    ['text for a long', 'components.0.quantity', (c) => withQuantity(c, '12')],
    ['a bigint for a long', 'components.0.quantity', (c) => withQuantity(c, 12n)],
    ['a long beyond 2^53', 'components.0.quantity', (c) => withQuantity(c, 2 ** 53)],
    ['a long below -2^52', 'components.0.quantity', (c) => withQuantity(c, -(2 ** 52) - 2)],
    ['a number for an amount', 'amount', (c) => ({ ...c, amount: 1.5 })],
    ['an amount of 39 digits', 'amount', (c) => ({ ...c, amount: 10n ** 38n })],
    ['text for an amount', 'amount', (c) => ({ ...c, amount: '1.5' })],
    ['undefined for a text', 'currency', (c) => ({ ...c, currency: undefined })],
    ['half a surrogate pair', 'currency', (c) => ({ ...c, currency: 'E\ud800' })],
    ['half a pair in a long text', 'currency', (c) => ({ ...c, currency: `${'E'.repeat(80)}\udc00` })],
    ['a number for an optional text', 'model', (c) => ({ ...c, model: 5 })],
    [
      'an int beyond 32 bits',
      'cause.partition',
      (c) => ({ ...c, cause: { ...c.cause, partition: 2 ** 31 } }),
    ],
    ['a time no calendar shows', 'occurredAt', (c) => ({ ...c, occurredAt: 8.64e15 + 2 })],
    ['an object for a list', 'components', (c) => ({ ...c, components: {} })],
  ];

  test.each(broken)('refuses %s and names %s', (_, path, change) => {
    const wrong = change(sampleCharge()) as Charge;
    const attempt = () => encodeBody('Charge', wrong);
    expect(attempt).toThrow(EncodeError);
    expect(attempt).toThrow(`Charge.${path} cannot be encoded`);
  });

  test('an error leaves nothing behind: the next record is whole', () => {
    const before = encodeBody('Charge', sampleCharge());
    expect(() => encodeBody('Charge', { ...sampleCharge(), currency: 5 } as unknown as Charge)).toThrow();
    expect(encodeBody('Charge', sampleCharge()).equals(before)).toBe(true);
  });

  test('a kept buffer never changes, however much is encoded after it', () => {
    const kept = Array.from({ length: 2_000 }, (_, offset) => {
      const charge = { ...sampleCharge(), chargeId: `charge-${offset}` };
      const framed = encodeFramed('Charge', charge, offset);
      return { framed, copy: Buffer.from(framed) };
    });
    for (const { framed, copy } of kept) expect(framed.equals(copy)).toBe(true);
  });

  test('records of every size around the size of a chunk', () => {
    const writer = own('DeadLetter');
    for (const size of [0, 1, 65_000, 65_450, 65_536, 70_000, 1_000_000, 10, 200_000, 3]) {
      const value = Buffer.alloc(size, 7);
      const letter = { ...recordFromJson('DeadLetter', samplesOf('DeadLetter')[0]?.json), value };
      const decoded = decodeFramed('DeadLetter', encodeFramed('DeadLetter', letter, 7), () => writer);
      expect(decoded.ok && decoded.value.value?.equals(value)).toBe(true);
    }
  });

  test('maps have one order, whatever order they were filled in', () => {
    const sample = recordFromJson('OutcomeVerification', samplesOf('OutcomeVerification')[0]?.json);
    const one = encodeBody('OutcomeVerification', { ...sample, fields: { b: '1', a: '2' } });
    const other = encodeBody('OutcomeVerification', { ...sample, fields: { a: '2', b: '1' } });
    expect(one.equals(other)).toBe(true);
  });

  test('the bytes of an amount are as short as Java makes them', () => {
    const bytesOf = (text: string) => {
      const charge = { ...sampleCharge(), chargeId: '', components: [], amount: parseAmount(text) };
      const hex = encodeBody('Charge', charge).toString('hex');
      const zero = encodeBody('Charge', { ...charge, amount: parseAmount('0') }).toString('hex');
      let at = 0;
      while (hex[at] === zero[at] && at < zero.length) at++;
      const start = at - (at % 2);
      const length = Number.parseInt(hex.slice(start, start + 2), 16) / 2;
      return hex.slice(start + 2, start + 2 + length * 2);
    };
    expect(bytesOf('0.000000000128')).toBe('0080');
    expect(bytesOf('-0.000000000129')).toBe('ff7f');
    expect(bytesOf('9223372.036854775807')).toBe('7fffffffffffffff');
    expect(bytesOf('9223372.036854775808')).toBe('008000000000000000');
    expect(bytesOf('-9223372.036854775809')).toBe('ff7fffffffffffffff');
  });
});

describe('the frame', () => {
  test('is a zero byte and the schema id', () => {
    const framed = encodeFramed('Barrier', { barrierId: 'b' }, 0x01020304);
    expect(framed.toString('hex')).toBe('00010203040262');
    expect(frameId(framed)).toBe(0x01020304);
    expect(frameId(framed.subarray(0, 4))).toBeUndefined();
  });
});

/** Records are made by avsc's constructors; what counts is their fields. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  if (Buffer.isBuffer(value)) return value.toString('hex');
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function withQuantity(charge: Charge, quantity: unknown): unknown {
  return { ...charge, components: charge.components.map((component) => ({ ...component, quantity })) };
}
