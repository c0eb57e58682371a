/**
 * Job: write and read the primitive types of Kafka's protocol on Buffers.
 *
 * Boundary: no request is known here.
 *
 * Invariants:
 *  1. A writer's memory is reused: what it handed out is valid until `reset`, and growth never touches it.
 *  2. 64-bit numbers are read and written as JavaScript numbers, exact up to 2^53; offsets and times stay far below.
 */

/** Small, because one is made for every fetch, and memory outside the heap makes V8 collect all of it. */
const initialBytes = 1_024;
const uvarintBytesMax = 5;

export class WireWriter {
  buffer = Buffer.allocUnsafe(initialBytes);
  at = 0;

  reset(): void {
    this.at = 0;
  }

  /** Makes room; slices handed out before keep the old memory. */
  reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(grown, 0, 0, this.at);
    this.buffer = grown;
  }

  int8(value: number): void {
    this.reserve(1);
    this.at = this.buffer.writeInt8(value, this.at);
  }

  int16(value: number): void {
    this.reserve(2);
    this.at = this.buffer.writeInt16BE(value, this.at);
  }

  int32(value: number): void {
    this.reserve(4);
    this.at = this.buffer.writeInt32BE(value, this.at);
  }

  int64(value: number): void {
    this.reserve(8);
    this.at = writeInt64(this.buffer, value, this.at);
  }

  string(value: string | null): void {
    const bytes = value === null ? -1 : Buffer.byteLength(value);
    this.int16(bytes);
    if (value === null) return;
    this.reserve(bytes);
    this.at += this.buffer.write(value, this.at);
  }

  /** The rest is for the flexible versions of requests: lengths are unsigned varints, one more than they say. */
  uvarint(value: number): void {
    this.reserve(uvarintBytesMax);
    let left = value;
    for (; left >= 0x80; left >>>= 7) this.at = this.buffer.writeUInt8((left & 0x7f) | 0x80, this.at);
    this.at = this.buffer.writeUInt8(left, this.at);
  }

  compactString(value: string | null): void {
    if (value === null) {
      this.uvarint(0);
      return;
    }
    const bytes = Buffer.byteLength(value);
    this.uvarint(bytes + 1);
    this.reserve(bytes);
    this.at += this.buffer.write(value, this.at);
  }

  /** Leaves room for the length of what comes next, which is not known yet; returns where that is. */
  reserveUvarint(): number {
    this.reserve(uvarintBytesMax);
    this.at += uvarintBytesMax;
    return this.at - uvarintBytesMax;
  }

  /** Writes the length of what came since, with as many digits as there is room for: zeros in front say nothing. */
  fillUvarint(start: number): void {
    let left = this.at - start - uvarintBytesMax + 1;
    for (let digit = 0; digit < uvarintBytesMax - 1; digit += 1) {
      this.buffer[start + digit] = (left & 0x7f) | 0x80;
      left >>>= 7;
    }
    this.buffer[start + uvarintBytesMax - 1] = left;
  }

  compactArray<T>(items: readonly T[], writeItem: (item: T) => void): void {
    this.uvarint(items.length + 1);
    for (const item of items) writeItem(item);
  }

  noTags(): void {
    this.int8(0);
  }
}

/** Whole numbers up to 2^53, negative ones too, as eight bytes. */
export function writeInt64(buffer: Buffer, value: number, at: number): number {
  const high = Math.floor(value / 0x1_0000_0000);
  buffer.writeInt32BE(high, at);
  return buffer.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
}

export function readInt64(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 0x1_0000_0000 + buffer.readUInt32BE(at + 4);
}

export class WireReader {
  readonly buffer: Buffer;
  at = 0;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }

  int16(): number {
    this.at += 2;
    return this.buffer.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.buffer.readInt32BE(this.at - 4);
  }

  int64(): number {
    this.at += 8;
    return readInt64(this.buffer, this.at - 8);
  }

  string(): string {
    const bytes = this.int16();
    this.at += bytes;
    return this.buffer.toString('utf8', this.at - bytes, this.at);
  }

  bytes(): Buffer {
    const bytes = Math.max(this.int32(), 0);
    this.at += bytes;
    return this.buffer.subarray(this.at - bytes, this.at);
  }

  array<T>(readItem: () => T): T[] {
    const count = Math.max(this.int32(), 0);
    return Array.from({ length: count }, readItem);
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.buffer.readUInt8(this.at);
      this.at += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  compactString(): string | null {
    const bytes = this.uvarint() - 1;
    if (bytes < 0) return null;
    this.at += bytes;
    return this.buffer.toString('utf8', this.at - bytes, this.at);
  }

  compactArray<T>(readItem: () => T): T[] {
    const count = Math.max(this.uvarint() - 1, 0);
    return Array.from({ length: count }, readItem);
  }

  skipTags(): void {
    for (let left = this.uvarint(); left > 0; left -= 1) {
      this.uvarint();
      const bytes = this.uvarint();
      this.at += bytes;
    }
  }
}
