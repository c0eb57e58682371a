/** Avro as most Node programs have it: avsc as it comes, with a logical type that turns decimals into decimal.js. */
import avsc, { type Type } from 'avsc';
import type { RecordName } from '../../../schemas/generated/record-types.ts';
import { schemaTextOfRecord } from '../../../schemas/record-type.ts';
import { MONEY_DECIMALS, Money } from './money.ts';

const UNITS_PER_ONE = new Money(10).pow(MONEY_DECIMALS);

class PlainDecimal extends avsc.types.LogicalType {
  protected override _fromValue(bytes: Buffer): Money {
    const units = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
    return new Money(units.toString()).div(UNITS_PER_ONE);
  }

  protected override _toValue(value: Money): Buffer {
    const units = BigInt(value.times(UNITS_PER_ONE).toFixed(0));
    let bytes = 1;
    while (BigInt.asIntN(bytes * 8, units) !== units) bytes += 1;
    const digits = BigInt.asUintN(bytes * 8, units).toString(16);
    return Buffer.from(digits.padStart(bytes * 2, '0'), 'hex');
  }
}

export function plainType(name: RecordName): Type {
  return avsc.Type.forSchema(JSON.parse(schemaTextOfRecord(name)), {
    logicalTypes: { decimal: PlainDecimal },
  });
}
