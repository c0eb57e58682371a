import { describe, expect, test } from 'vitest';
import { decodeFramed, encodeBody, encodeFramed } from '../../schemas/codec.ts';
import { RECORD_FILES, type RecordName } from '../../schemas/generated/record-types.ts';
import { recordFromJson, recordToJson } from '../../schemas/json-form.ts';
import { schemaTextOfRecord } from '../../schemas/record-type.ts';
import { type Sample, samplesOf } from '../../schemas/samples/sample-files.ts';
import { WriterSchema } from '../../schemas/writer-schema.ts';

const NAMES = Object.keys(RECORD_FILES) as RecordName[];
const SAMPLES: readonly Sample[] = NAMES.flatMap(samplesOf);

test.each(NAMES)(
  '%s has a sample of its schema as it is now (else: node schemas/samples/write.ts)',
  (name) => {
    expect(samplesOf(name).at(-1)?.schemaText).toBe(schemaTextOfRecord(name));
  },
);

describe.each(SAMPLES)('$name version $version', (sample) => {
  const writer = new WriterSchema(7, sample.schemaText);
  const framed = Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), Buffer.from(sample.hex, 'hex')]);

  test('is read as the value it was written from', () => {
    const decoded = decodeFramed(sample.name, framed, () => writer);
    expect(decoded).toMatchObject({ ok: true, writerId: 7 });
    if (!decoded.ok) return;
    expect(recordToJson(sample.name, decoded.value)).toMatchObject(Object(sample.json));
    expect({ ...decoded.value }).toEqual(
      recordFromJson(sample.name, recordToJson(sample.name, decoded.value)),
    );
  });

  test('is written byte for byte, when it is the current version', () => {
    if (sample.schemaText !== schemaTextOfRecord(sample.name)) return;
    const value = recordFromJson(sample.name, sample.json);
    expect(encodeBody(sample.name, value).toString('hex')).toBe(sample.hex);
    expect(encodeFramed(sample.name, value, 7)).toEqual(framed);
  });
});
