/**
 * Avro arrays, maps and optional values with bounds.
 *
 * Job: read hostile bytes in time and memory proportional to their length. avsc believes the item count of an array:
 * five bytes can ask for billions of items, and a negative block size makes its skip run in circles.
 *
 * Invariants:
 *  1. A count above the bytes that remain is refused, since every item takes at least one byte; nothing is reserved
 *     before it is read.
 *  2. An item that takes no byte is refused, so a writer's schema cannot make one up (an array of nulls).
 *  3. Nesting is bounded in both directions: what we write we can read.
 *  4. Maps are written in order of key, so equal values have equal bytes.
 */
import avsc, { type Type } from 'avsc';
import { DecodeFault, moveDepth, type ReadingTap, type Tap } from './avro-tap.ts';

interface Item {
  _read(tap: ReadingTap): unknown;
  _skip(tap: ReadingTap): void;
  _write(tap: Tap, value: unknown): void;
}

export class BoundedArray extends avsc.types.ArrayType {
  declare readonly itemsType: Type & Item;

  _read(tap: ReadingTap): unknown[] {
    const items = this.itemsType;
    const values: unknown[] = [];
    moveDepth(1);
    for (let count = blockCount(tap); count > 0; count = blockCount(tap)) {
      for (; count > 0; count--) {
        const before = tap.pos;
        values.push(items._read(tap));
        checkItem(tap, before);
      }
    }
    moveDepth(-1);
    return values;
  }

  _skip(tap: ReadingTap): void {
    const items = this.itemsType;
    eachItem(tap, () => items._skip(tap));
  }

  _write(tap: Tap, value: unknown): void {
    if (!Array.isArray(value)) throw new Error('not an array');
    moveDepth(1);
    if (value.length > 0) tap.writeLong(value.length);
    for (const item of value) this.itemsType._write(tap, item);
    tap.writeLong(0);
    moveDepth(-1);
  }
}

export class BoundedMap extends avsc.types.MapType {
  declare readonly valuesType: Type & Item;

  _read(tap: ReadingTap): Record<string, unknown> {
    const values = this.valuesType;
    const map: Record<string, unknown> = {};
    eachItem(tap, () => {
      const key = readKey(tap);
      if (key === '__proto__') throw new DecodeFault('undecodable', 'a map with the key __proto__');
      map[key] = values._read(tap);
    });
    return map;
  }

  _skip(tap: ReadingTap): void {
    const values = this.valuesType;
    eachItem(tap, () => {
      readKey(tap);
      values._skip(tap);
    });
  }

  _write(tap: Tap, value: unknown): void {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error('not a map');
    moveDepth(1);
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length > 0) tap.writeLong(entries.length);
    for (const [key, item] of entries) {
      if (key === '__proto__' || !key.isWellFormed()) throw new Error('not a valid map key');
      tap.writeString(key);
      this.valuesType._write(tap, item);
    }
    tap.writeLong(0);
    moveDepth(-1);
  }
}

/** A union of null and one type, in this order: the only union our schemas use. */
export class OptionalType extends avsc.types.UnwrappedUnionType {
  declare readonly types: (Type & Item)[];

  _read(tap: ReadingTap): unknown {
    const index = tap.readLong();
    if (index === 0) return null;
    if (index !== 1) throw new DecodeFault('undecodable', `a union has no branch ${index}`);
    return this.types[1]?._read(tap);
  }

  _skip(tap: ReadingTap): void {
    const index = tap.readLong();
    if (index !== 0 && index !== 1) throw new DecodeFault('undecodable', `a union has no branch ${index}`);
    if (index === 1) this.types[1]?._skip(tap);
  }

  _write(tap: Tap, value: unknown): void {
    if (value === null) {
      tap.buf[tap.pos++] = 0;
      return;
    }
    tap.buf[tap.pos++] = 2;
    this.types[1]?._write(tap, value);
  }
}

/** Runs over the blocks of an array or map; a zero count ends it. */
function eachItem(tap: ReadingTap, item: () => void): void {
  moveDepth(1);
  for (let count = blockCount(tap); count > 0; count = blockCount(tap)) {
    for (; count > 0; count--) {
      const before = tap.pos;
      item();
      checkItem(tap, before);
    }
  }
  moveDepth(-1);
}

function checkItem(tap: ReadingTap, before: number): void {
  if (tap.pos > tap.end) throw new DecodeFault('undecodable', 'truncated list');
  if (tap.pos === before) throw new DecodeFault('undecodable', 'a list of items that take no bytes');
}

function blockCount(tap: ReadingTap): number {
  const count = tap.readLong();
  if (count < 0) {
    const size = tap.readLong();
    if (!(size >= 0)) throw new DecodeFault('undecodable', 'a list with a negative size');
  }
  const items = Math.abs(count);
  if (!(items <= tap.end - tap.pos)) {
    throw new DecodeFault('undecodable', `a list of ${items} items in fewer bytes`);
  }
  return items;
}

function readKey(tap: ReadingTap): string {
  const length = tap.readLong();
  const start = tap.pos;
  const end = start + length;
  if (!(length >= 0 && end <= tap.end)) throw new DecodeFault('undecodable', 'truncated map key');
  tap.pos = end;
  return tap.buf.utf8Slice(start, end);
}
