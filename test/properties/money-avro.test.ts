/** Amounts through Avro: our bytes against those that a plain reading of two's complement gives. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFramed, encodeFramed } from '../../schemas/codec.ts';
import type { InvoiceRollup } from '../../schemas/generated/invoice-rollup.ts';
import { recordFromJson } from '../../schemas/json-form.ts';
import { schemaTextOfRecord } from '../../schemas/record-type.ts';
import { samplesOf } from '../../schemas/samples/sample-files.ts';
import { WriterSchema } from '../../schemas/writer-schema.ts';
import { amounts } from '../schemas/record-arbitrary.ts';

const writer = new WriterSchema(7, schemaTextOfRecord('InvoiceRollup'));

/** The shortest two's complement bytes, through hexadecimal text. */
function minimalBytes(value: bigint): string {
  let bits = 8;
  while (BigInt.asIntN(bits, value) !== value) bits += 8;
  return BigInt.asUintN(bits, value)
    .toString(16)
    .padStart(bits / 4, '0');
}

test('an amount has the shortest bytes there are, and comes back from them', () => {
  const sample: InvoiceRollup = recordFromJson('InvoiceRollup', samplesOf('InvoiceRollup').at(-1)?.json);
  fc.assert(
    fc.property(amounts, (exactAmount) => {
      const framed = encodeFramed('InvoiceRollup', { ...sample, exactAmount }, 7);
      const bytes = minimalBytes(exactAmount);
      const withLength = `${bytes.length.toString(16).padStart(2, '0')}${bytes}`;
      expect(framed.toString('hex')).toContain(
        `${Buffer.from(sample.currency).toString('hex')}${withLength}`,
      );
      const decoded = decodeFramed('InvoiceRollup', framed, () => writer);
      expect(decoded.ok && decoded.value.exactAmount).toBe(exactAmount);
    }),
    { numRuns: 5_000 },
  );
});
