/**
 * Avro bytes with logical type decimal(38,12), read and written as `Amount`.
 *
 * Job: move two's complement bytes to and from a bigint without going through text. Values of up to 8 bytes (nine
 * million currency units) take a fast path over one 64-bit scratch cell.
 *
 * Invariants: 1. Written bytes are as short as possible, as Java's BigInteger.toByteArray does, so equal amounts have
 *                equal bytes. 2. Bytes that are longer than needed are read; an amount beyond 38 digits is refused.
 */
import { endianness } from 'node:os';
import avsc, { type Type } from 'avsc';
import { type Amount, amountOfUnits } from './amount.ts';
import { DecodeFault, type ReadingTap, type Tap } from './avro-tap.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UNITS_LIMIT = 10n ** 38n;
const BYTES_MAX = 16;

const cell = new BigInt64Array(1);
const unsignedCell = new BigUint64Array(cell.buffer);
const halves = new Int32Array(cell.buffer);
const LOW = endianness() === 'LE' ? 0 : 1;
const HIGH = 1 - LOW;

interface DecimalSchema {
  readonly type: 'bytes';
  readonly logicalType: 'decimal';
  readonly precision?: number;
  readonly scale?: number;
}

export class DecimalType extends avsc.types.LogicalType {
  constructor(schema: DecimalSchema, options: object) {
    super(schema, options);
    if (schema.scale !== 12 || this.underlyingType.typeName !== 'bytes') {
      throw new Error('a decimal is bytes with scale 12');
    }
  }

  _read(tap: ReadingTap): Amount {
    const length = tap.readLong();
    const start = tap.pos;
    if (!(length >= 1 && start + length <= tap.end))
      throw new DecodeFault('undecodable', 'truncated decimal');
    if (length > BYTES_MAX) throw new DecodeFault('number_out_of_range', `a decimal of ${length} bytes`);
    tap.pos = start + length;
    if (length <= 8) return readShort(tap.buf, start, length);
    const high = readShort(tap.buf, start, length - 8);
    fillHalves(tap.buf, start + length - 8);
    return inRange((high << 64n) | (unsignedCell[0] ?? 0n));
  }

  _write(tap: Tap, value: unknown): void {
    if (typeof value !== 'bigint') throw new Error('an amount must be a bigint');
    if (value >= INT64_MIN && value <= INT64_MAX) writeShort(tap, value);
    else writeLong(tap, inRange(value));
  }

  _check(value: unknown, _flags: unknown, hook?: (value: unknown, type: Type) => void): boolean {
    const valid = typeof value === 'bigint' && value < UNITS_LIMIT && value > -UNITS_LIMIT;
    if (!valid) hook?.(value, this);
    return valid;
  }

  _copy(value: unknown): unknown {
    return typeof value === 'bigint' ? value : this._fromValue(Buffer.from(String(value), 'latin1'));
  }

  override compare(a: bigint, b: bigint): number {
    return a === b ? 0 : a < b ? -1 : 1;
  }

  /** Only the same scale can be read as this type; everything else has another meaning. */
  protected override _resolve(writer: Type): ((amount: Amount) => Amount) | undefined {
    return writer instanceof DecimalType ? (amount) => amount : undefined;
  }

  protected override _fromValue(bytes: Buffer): Amount {
    return amountOfUnits(
      bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`)),
    );
  }
}

/** Up to 8 bytes, always in range. The cell takes the sign from the first byte. */
function readShort(buffer: Buffer, start: number, length: number): Amount {
  const first = ((buffer[start] ?? 0) << 24) >> 24;
  let low = first;
  let high = first >> 31;
  for (let at = start + 1; at < start + length; at++) {
    high = (high << 8) | (low >>> 24);
    low = (low << 8) | (buffer[at] ?? 0);
  }
  halves[LOW] = low;
  halves[HIGH] = high;
  return (cell[0] ?? 0n) as Amount;
}

function fillHalves(buffer: Buffer, start: number): void {
  halves[HIGH] = buffer.readInt32BE(start);
  halves[LOW] = buffer.readInt32BE(start + 4);
}

function writeShort(tap: Tap, value: bigint): void {
  cell[0] = value;
  const low = halves[LOW] ?? 0;
  const high = halves[HIGH] ?? 0;
  const small = high === low >> 31;
  const length = small ? bytesOf(low) : 4 + bytesOf(high);
  const buffer = tap.buf;
  let at = tap.pos;
  tap.pos = at + length + 1;
  buffer[at++] = length << 1;
  if (!small) for (let shift = (length - 5) * 8; shift >= 0; shift -= 8) buffer[at++] = high >> shift;
  for (let shift = Math.min(length, 4) * 8 - 8; shift >= 0; shift -= 8) buffer[at++] = low >> shift;
}

/** Fewest bytes that hold a signed 32-bit number. */
function bytesOf(value: number): number {
  const magnitude = value < 0 ? ~value : value;
  if (magnitude < 0x80) return 1;
  if (magnitude < 0x8000) return 2;
  return magnitude < 0x800000 ? 3 : 4;
}

/** More than 64 bits: the high part is written short, the low 64 bits follow. */
function writeLong(tap: Tap, value: Amount): void {
  const lengthAt = tap.pos;
  writeShort(tap, value >> 64n);
  const length = tap.pos - lengthAt - 1 + 8;
  tap.buf[lengthAt] = length << 1;
  cell[0] = BigInt.asIntN(64, value);
  const low = halves[LOW] ?? 0;
  const high = halves[HIGH] ?? 0;
  for (let shift = 24; shift >= 0; shift -= 8) tap.buf[tap.pos++] = high >> shift;
  for (let shift = 24; shift >= 0; shift -= 8) tap.buf[tap.pos++] = low >> shift;
}

function inRange(value: bigint): Amount {
  if (value >= UNITS_LIMIT || value <= -UNITS_LIMIT) {
    throw new DecodeFault('number_out_of_range', 'an amount has more than 38 digits');
  }
  return value as Amount;
}
