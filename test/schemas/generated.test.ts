import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type AvroType, isUnion, namedRecords } from '../../schemas/avro-schema.ts';
import { generatedFiles, staleFiles } from '../../schemas/generate.ts';
import { emitRecordFile } from '../../schemas/generate-types.ts';
import { readSchemaFiles } from '../../schemas/schema-files.ts';

const FILES = readSchemaFiles(fileURLToPath(new URL('../../schemas/', import.meta.url)));

/** Names that say nothing without the values they may have. */
const VAGUE = new Set(['kind', 'status', 'type', 'mode', 'bucket', 'basis', 'reason', 'state', 'side']);

describe('generated types', () => {
  test('are current', () => {
    expect(staleFiles()).toEqual([]);
  });

  test('are the same every time', () => {
    expect([...generatedFiles()]).toEqual([...generatedFiles()]);
  });

  test.each([
    ['a float', 'double'],
    ['a union of two types', ['string', 'long']],
    ['a union with null last', ['string', 'null']],
    ['an unknown name', 'Elsewhere'],
    ['a decimal of another scale', { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 6 }],
    ['another logical type', { type: 'int', logicalType: 'date' }],
  ])('refuse %s', (_, type) => {
    const schema = {
      type: 'record',
      name: 'Wrong',
      fields: [{ name: 'field', type: type as AvroType }],
    } as const;
    expect(() => emitRecordFile('wrong.avsc', schema)).toThrow();
  });
});

describe.each(FILES)('$path', ({ path, schema }) => {
  const fields = [...namedRecords(schema).values()].flatMap((record) =>
    record.fields.map((field) => ({ record: record.name, ...field })),
  );

  test('is named after its record, documented, and in our namespace', () => {
    const kebab = schema.name.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase();
    const file = path.replace(/^.*\//, '');
    // State records may carry the name of their service in front.
    expect(file === `${kebab}.avsc` || file.endsWith(`-${kebab}.avsc`)).toBe(true);
    expect(schema.doc ?? '').toMatch(/\.$/);
    expect(schema.namespace ?? '').toMatch(/^outcome\.ledger/);
  });

  test('unions are null and one type with default null', () => {
    const unions = fields.filter((field) => isUnion(field.type));
    for (const field of unions) {
      expect([field.name, isUnion(field.type) && field.type[0], field.default]).toEqual([
        field.name,
        'null',
        null,
      ]);
    }
  });

  test('fields are camelCase, and vague names are documented', () => {
    for (const field of fields) {
      expect(field.name).toMatch(/^[a-z][A-Za-z0-9]*$/);
      if (VAGUE.has(field.name))
        expect([field.record, field.name, field.doc ?? '']).toEqual([
          field.record,
          field.name,
          expect.stringMatching(/\S/),
        ]);
    }
  });
});
