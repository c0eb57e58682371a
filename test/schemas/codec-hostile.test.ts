/** Bytes that nobody meant well with: decoding must answer with a code, quickly, and within bounds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NESTING_DEPTH_MAX } from '../../schemas/avro-tap.ts';
import { decodeFramed, encodeBody, encodeFramed } from '../../schemas/codec.ts';
import type { Criterion } from '../../schemas/generated/outcome-definition.ts';
import { RECORD_FILES, type RecordName } from '../../schemas/generated/record-types.ts';
import { recordFromJson } from '../../schemas/json-form.ts';
import { schemaOfRecord, schemaTextOfRecord } from '../../schemas/record-type.ts';
import { samplesOf } from '../../schemas/samples/sample-files.ts';
import { WriterSchema } from '../../schemas/writer-schema.ts';

const NAMES = Object.keys(RECORD_FILES) as RecordName[];
const FRAME = Buffer.from([0, 0, 0, 0, 7]);

function decode(name: RecordName, body: Buffer, schema: unknown = schemaOfRecord(name)) {
  const writer = new WriterSchema(7, JSON.stringify(schema));
  return decodeAmid(name, Buffer.concat([FRAME, body]), () => writer);
}

/** Neighbours that a reader would go on in, with bytes of all kinds. */
const BEHIND = [Buffer.alloc(64, 2), Buffer.alloc(64, 0xff), Buffer.alloc(70_000, 0x80), Buffer.from([0])];

/** Alone, and among others as a fetch brings them: what a record is never depends on what follows it. */
function decodeAmid(name: RecordName, framed: Buffer, resolve: (id: number) => WriterSchema) {
  const alone = decodeFramed(name, framed, resolve);
  for (const behind of BEHIND) {
    const memory = Buffer.concat([Buffer.alloc(3, 2), framed, behind]);
    const amid = decodeFramed(name, { memory, from: 3, to: 3 + framed.length }, resolve);
    expect(amid).toEqual(alone);
  }
  return alone;
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

function sampleBytes(name: RecordName): Buffer {
  const sample = samplesOf(name).at(-1);
  return encodeFramed(name, recordFromJson(name, sample?.json), 7);
}

/** A writer's Barrier with one more field in front, which the reader must skip. */
function barrierAfter(type: unknown): unknown {
  const schema = schemaOfRecord('Barrier');
  return { ...schema, fields: [{ name: 'extra', type }, ...schema.fields] };
}

describe('frames and schemas', () => {
  const writer = new WriterSchema(7, schemaTextOfRecord('Barrier'));
  const good = encodeFramed('Barrier', { barrierId: 'b' }, 7);

  test.each([
    ['nothing', Buffer.alloc(0), 'unframed'],
    ['four bytes', good.subarray(0, 4), 'unframed'],
    ['JSON text', Buffer.from('{"barrierId":"b"}'), 'unframed'],
    ['another magic byte', Buffer.concat([Buffer.from([1]), good.subarray(1)]), 'unframed'],
    ['a frame without a body', good.subarray(0, 5), 'undecodable'],
    ['a body cut short', good.subarray(0, 6), 'undecodable'],
    ['a body with more behind it', Buffer.concat([good, Buffer.from([0])]), 'trailing_bytes'],
  ])('%s', (_, buffer, code) => {
    expect(decodeFramed('Barrier', buffer, () => writer)).toMatchObject({ ok: false, code });
  });

  test('an unknown schema id is its own code, so that it can be asked for', () => {
    const result = decodeFramed('Barrier', good, () => undefined);
    expect(result).toMatchObject({ ok: false, code: 'schema_unresolved', schemaId: 7 });
  });

  test.each([
    ['no JSON', '{'],
    ['no Avro', '{"type":"nonsense"}'],
    ['empty', ''],
    ['another record', JSON.stringify({ type: 'record', name: 'Other', fields: [] })],
    [
      'a field of another type',
      JSON.stringify({ ...schemaOfRecord('Barrier'), fields: [{ name: 'barrierId', type: 'long' }] }),
    ],
    ['a missing field', JSON.stringify({ ...schemaOfRecord('Barrier'), fields: [] })],
    ['a primitive', '"string"'],
  ])('a schema that is %s is a mismatch', (_, text) => {
    expect(decodeFramed('Barrier', good, () => new WriterSchema(7, text))).toMatchObject({
      ok: false,
      code: 'schema_mismatch',
    });
  });

  test('an amount of another scale is a mismatch, and plain bytes are too', () => {
    const text = schemaTextOfRecord('PaymentEvent');
    const decimal = '"logicalType":"decimal","precision":38,"scale":12';
    for (const other of ['"logicalType":"decimal","precision":38,"scale":6', '"unit":"cent"']) {
      const writer = new WriterSchema(7, text.replaceAll(decimal, other));
      const result = decodeFramed('PaymentEvent', sampleBytes('PaymentEvent'), () => writer);
      expect(result).toMatchObject({ ok: false, code: 'schema_mismatch' });
    }
  });

  test('a later writer with one optional field more is read; its field is skipped', () => {
    const later = {
      ...schemaOfRecord('Barrier'),
      fields: [
        ...schemaOfRecord('Barrier').fields,
        { name: 'note', type: ['null', 'string'], default: null },
      ],
    };
    const body = Buffer.concat([encodeBody('Barrier', { barrierId: 'b' }), Buffer.from([2, 2, 0x78])]);
    expect(decode('Barrier', body, later)).toMatchObject({ ok: true, value: { barrierId: 'b' } });
    expect(decode('Barrier', body.subarray(0, -1), later)).toMatchObject({
      ok: false,
      code: 'undecodable',
      field: 'note',
    });
  });
});

describe('bombs', () => {
  const millions = varint(20_000_000n);
  const end = Buffer.from([0]);

  test('a writer that declares our list as a list of nulls is a mismatch', () => {
    const schema = schemaTextOfRecord('Checkpoint').replace(/"items":\{.*?\]\}/, '"items":"null"');
    expect(schema).toContain('"items":"null"');
    const body = Buffer.concat([Buffer.from([2, 0x63]), millions, end]);
    expect(decode('Checkpoint', body, JSON.parse(schema))).toMatchObject({
      ok: false,
      code: 'schema_mismatch',
    });
  });

  test.each([
    ['an array of nulls', { type: 'array', items: 'null' }, millions],
    [
      'an array of empty records',
      { type: 'array', items: { type: 'record', name: 'Empty', fields: [] } },
      millions,
    ],
    [
      'an array of empty fixed values',
      { type: 'array', items: { type: 'fixed', name: 'None', size: 0 } },
      millions,
    ],
    ['an array with 2^62 items', { type: 'array', items: 'long' }, varint(2n ** 62n)],
    ['a map with 2^62 entries', { type: 'map', values: 'null' }, varint(2n ** 62n)],
    ['a block that jumps back', { type: 'array', items: 'long' }, Buffer.concat([varint(-1n), varint(-4n)])],
    [
      'a map block that jumps back',
      { type: 'map', values: 'long' },
      Buffer.concat([varint(-1n), varint(-9n)]),
    ],
    ['text of 2^62 bytes', 'string', varint(2n ** 62n)],
    ['bytes of 2^62 bytes', 'bytes', varint(2n ** 62n)],
    ['text of a negative length', 'string', varint(-5n)],
    ['bytes of a negative length', 'bytes', varint(-5n)],
    ['a union branch that does not exist', ['null', 'string'], varint(9n)],
  ])('%s in a field that we skip', (_, type, bytes) => {
    const started = performance.now();
    const body = Buffer.concat([bytes, end, end, encodeBody('Barrier', { barrierId: 'b' })]);
    const result = decode('Barrier', body, barrierAfter(type));
    expect(result).toMatchObject({ ok: false });
    expect(performance.now() - started).toBeLessThan(200);
  });

  test('an endless list within a list', () => {
    const node = {
      type: 'record',
      name: 'Node',
      fields: [{ name: 'next', type: { type: 'array', items: 'Node' } }],
    };
    const body = Buffer.alloc(200_000, 2);
    expect(decode('Barrier', body, barrierAfter(node))).toMatchObject({ ok: false, code: 'undecodable' });
  });

  test('an endless chain of optional records', () => {
    const node = { type: 'record', name: 'Node', fields: [{ name: 'next', type: ['null', 'Node'] }] };
    const body = Buffer.alloc(2_000_000, 2);
    expect(decode('Barrier', body, barrierAfter(node))).toMatchObject({ ok: false, code: 'undecodable' });
  });

  test('a list that claims more items than bytes remain reserves nothing', () => {
    const body = Buffer.concat([Buffer.from([2, 0x63]), millions, Buffer.from([2, 0x61])]);
    const before = process.memoryUsage().heapUsed;
    expect(decode('Checkpoint', body)).toMatchObject({ ok: false, code: 'undecodable', field: 'positions' });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  });

  test('a map cannot name the prototype', () => {
    const name = 'OutcomeVerification';
    const hex = sampleBytes(name)
      .toString('hex')
      .replace(Buffer.from('alpha').toString('hex'), Buffer.from('__proto__').toString('hex'));
    const body = Buffer.from(
      hex.replace(
        `0a${Buffer.from('__proto__').toString('hex')}`,
        `12${Buffer.from('__proto__').toString('hex')}`,
      ),
      'hex',
    );
    const writer = new WriterSchema(7, schemaTextOfRecord(name));
    const result = decodeFramed(name, body, () => writer);
    expect(result).toMatchObject({ ok: false, code: 'undecodable', field: 'fields' });
  });
});

describe('values', () => {
  const long = { ...schemaOfRecord('ClockTick') };

  test.each([
    [2n ** 53n - 2n, true],
    [2n ** 53n, false],
    [2n ** 63n - 1n, false],
    [-(2n ** 52n), true],
    [-(2n ** 52n) - 1n, false],
    [-(2n ** 63n), false],
  ])('a long of %s is exact or refused', (value, ok) => {
    const result = decode('ClockTick', Buffer.concat([varint(value), varint(0n)]), long);
    if (ok) expect(result).toMatchObject({ ok, value: { sequence: Number(value) } });
    else expect(result).toMatchObject({ ok, code: 'number_out_of_range', field: 'sequence' });
  });

  test('a time that no calendar shows is refused', () => {
    const result = decode('ClockTick', Buffer.concat([varint(1n), varint(9_000_000_000_000_000n)]));
    expect(result).toMatchObject({ ok: false, code: 'number_out_of_range', field: 'time' });
  });

  test('text that is not UTF-8 is refused, the replacement character itself is not', () => {
    const short = decode('Barrier', Buffer.from([6, 0x61, 0xff, 0x62]));
    expect(short).toMatchObject({ ok: false, code: 'undecodable', field: 'barrierId' });
    const long = decode('Barrier', Buffer.concat([varint(40n), Buffer.alloc(40, 0xe9)]));
    expect(long).toMatchObject({ ok: false, code: 'undecodable' });
    const fine = decode('Barrier', encodeBody('Barrier', { barrierId: '\ufffd' }));
    expect(fine).toMatchObject({ ok: true, value: { barrierId: '\ufffd' } });
  });

  test('an amount of no bytes, of 17 bytes or of 39 digits is refused', () => {
    const text = schemaTextOfRecord('InvoiceRollup');
    const writer = new WriterSchema(7, text);
    const name = 'InvoiceRollup';
    const value = recordFromJson(name, samplesOf(name).at(-1)?.json);
    const head = encodeBody(name, value);
    const amountAt = head.indexOf(Buffer.from('EUR')) + 3;
    const rest = head.subarray(amountAt + 1 + (head[amountAt] ?? 0) / 2);
    const withAmount = (bytes: Buffer) =>
      decodeFramed(
        name,
        Buffer.concat([FRAME, head.subarray(0, amountAt), varint(BigInt(bytes.length)), bytes, rest]),
        () => writer,
      );
    expect(withAmount(Buffer.from([0, 0, 0, 5]))).toMatchObject({ ok: true, value: { exactAmount: 5n } });
    expect(withAmount(Buffer.alloc(0))).toMatchObject({
      ok: false,
      code: 'undecodable',
      field: 'exactAmount',
    });
    expect(withAmount(Buffer.alloc(17, 1))).toMatchObject({ ok: false, code: 'number_out_of_range' });
    expect(withAmount(Buffer.alloc(16, 0x7f))).toMatchObject({
      ok: false,
      code: 'number_out_of_range',
      field: 'exactAmount',
    });
  });

  test('criteria nest as deep as the limit, in both directions', () => {
    const definition = recordFromJson('OutcomeDefinition', samplesOf('OutcomeDefinition').at(-1)?.json);
    const nested = (depth: number): Criterion =>
      depth === 0
        ? { operator: 'exists', field: 'case', values: [], children: [] }
        : { operator: 'and', field: null, values: [], children: [nested(depth - 1)] };
    const deepest = { ...definition, criteria: nested(NESTING_DEPTH_MAX - 1) };
    expect(decode('OutcomeDefinition', encodeBody('OutcomeDefinition', deepest))).toMatchObject({ ok: true });
    const tooDeep = { ...definition, criteria: nested(NESTING_DEPTH_MAX + 1) };
    expect(() => encodeBody('OutcomeDefinition', tooDeep)).toThrow(/nested more than/);
    // After a fault the count starts afresh.
    expect(decode('OutcomeDefinition', encodeBody('OutcomeDefinition', deepest))).toMatchObject({ ok: true });
  });
});

test('a hundred thousand random mutations never throw and never take long or much', () => {
  const originals = NAMES.map((name) => ({
    name,
    bytes: sampleBytes(name),
    writer: new WriterSchema(7, schemaTextOfRecord(name)),
  }));
  const mutation = fc.record({
    record: fc.nat({ max: originals.length - 1 }),
    edits: fc.array(fc.record({ at: fc.nat({ max: 10_000 }), byte: fc.nat({ max: 255 }) }), {
      minLength: 1,
      maxLength: 5,
    }),
    cut: fc.option(fc.nat({ max: 10_000 }), { nil: null, freq: 4 }),
  });
  const outcomes = new Map<string, number>();
  const before = process.memoryUsage().heapUsed;
  fc.assert(
    fc.property(mutation, ({ record, edits, cut }) => {
      const original = originals[record];
      if (original === undefined) return;
      const bytes = Buffer.from(original.bytes);
      for (const { at, byte } of edits) bytes[5 + (at % (bytes.length - 5))] = byte;
      const mutated = cut === null ? bytes : bytes.subarray(0, cut % bytes.length);
      const started = performance.now();
      const result = decodeFramed(original.name, mutated, () => original.writer);
      if (performance.now() - started > 500) throw new Error('took too long');
      const memory = Buffer.concat([mutated, Buffer.alloc(40, edits[0]?.byte)]);
      const amid = { memory, from: 0, to: mutated.length };
      const same = decodeFramed(original.name, amid, () => original.writer);
      if (!result.ok) expect(same).toEqual(result);
      else if (!same.ok) throw new Error(`alone it can be read, among others ${same.message}`);
      const outcome = result.ok ? 'ok' : result.code;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      // What was read can be written, and reads the same again.
      if (result.ok) encodeBody(original.name, result.value);
    }),
    { numRuns: 100_000 },
  );
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(300_000_000);
  expect([...outcomes.keys()].sort()).toEqual([
    'number_out_of_range',
    'ok',
    'trailing_bytes',
    'undecodable',
    'unframed',
  ]);
}, 120_000);
