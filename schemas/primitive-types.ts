/**
 * Avro primitives that refuse what avsc lets through.
 *
 * Job: exact numbers and exact text. avsc 5.7.9 reads an int of any size, reads and writes longs below -2^52
 * as another number, turns bytes that are not UTF-8 into replacement characters and writes half a surrogate pair as invalid
 * bytes; each of these would change a fact in silence.
 *
 * Invariants: 1. What is read can be written again and gives the same value.
 *             2. `_read` uses nothing of `this`, because avsc calls it on resolvers too.
 */
import { isUtf8 } from 'node:buffer';
import avsc, { type Type } from 'avsc';
import { DecodeFault, type ReadingTap, type Tap } from './avro-tap.ts';

type Hook = (value: unknown, type: Type) => void;

/** avsc encodes a negative number n as 2|n|-1 in floating point, which is exact up to here. */
const LONG_MIN = -(2 ** 52);
const LONG_MAX = 2 ** 53 - 2;
const SHORT_TEXT_MAX = 63;
const CACHED_TEXT_MAX = 20;
const CACHE_SLOTS = 16_384;

/** Short texts by hash. Tags, models and account ids repeat all day; the bound is in its two sizes. */
const cache: string[] = new Array(CACHE_SLOTS).fill('');
/** The hash that was last missed in each slot: what is seen for the first time, as most ids, is not kept and dies young. */
const missed = new Int32Array(CACHE_SLOTS);

/** Instants are those that `Date` can show. */
const INSTANT_MAX = 8.64e15;

export class ExactInt extends avsc.types.IntType {
  _read(tap: Tap): number {
    const value = tap.readLong();
    if (value !== (value | 0)) throw new DecodeFault('number_out_of_range', 'an int beyond 32 bits');
    return value;
  }
}

export class ExactLong extends avsc.types.LongType {
  _read(tap: Tap): number {
    return readExact(tap, LONG_MAX);
  }

  _write(tap: Tap, value: unknown): void {
    if (!isLong(value, LONG_MAX)) throw new Error('not a whole number in range');
    tap.writeLong(value);
  }

  _check(value: unknown, _flags: unknown, hook?: Hook): boolean {
    const valid = isLong(value, LONG_MAX);
    if (!valid) hook?.(value, this);
    return valid;
  }
}

/** A long that is a time in milliseconds. */
export class ExactInstant extends avsc.types.LongType {
  _read(tap: Tap): number {
    return readExact(tap, INSTANT_MAX);
  }

  _write(tap: Tap, value: unknown): void {
    if (!isLong(value, INSTANT_MAX)) throw new Error('not a time in milliseconds');
    tap.writeLong(value);
  }

  _check(value: unknown, _flags: unknown, hook?: Hook): boolean {
    const valid = isLong(value, INSTANT_MAX);
    if (!valid) hook?.(value, this);
    return valid;
  }
}

export class ExactString extends avsc.types.StringType {
  _read(tap: ReadingTap): string {
    const length = tap.readLong();
    const start = tap.pos;
    const end = start + length;
    if (!(length >= 0 && end <= tap.end)) throw new DecodeFault('undecodable', 'truncated text');
    tap.pos = end;
    if (length <= CACHED_TEXT_MAX) {
      const cached = cachedAscii(tap.buf, start, end);
      if (cached !== null) return cached;
    } else if (length <= SHORT_TEXT_MAX && isAscii(tap.buf, start, end)) {
      return tap.buf.latin1Slice(start, end);
    }
    const text = tap.buf.utf8Slice(start, end);
    if (text.includes('\ufffd') && !isUtf8(tap.buf.subarray(start, end))) {
      throw new DecodeFault('undecodable', 'text that is not UTF-8');
    }
    return text;
  }

  _write(tap: Tap, value: unknown): void {
    if (typeof value !== 'string') throw new Error('not a string');
    if (value.length <= SHORT_TEXT_MAX && writeAscii(tap, value)) return;
    if (!value.isWellFormed()) throw new Error('text with half a surrogate pair');
    tap.writeString(value);
  }

  _check(value: unknown, _flags: unknown, hook?: Hook): boolean {
    const valid = typeof value === 'string' && value.isWellFormed();
    if (!valid) hook?.(value, this);
    return valid;
  }
}

/** The lowest bit of the first byte is the sign; avsc loses it with the precision of large negative numbers. */
function readExact(tap: Tap, max: number): number {
  const negative = ((tap.buf[tap.pos] ?? 0) & 1) === 1;
  const value = tap.readLong();
  if (!(value >= LONG_MIN && value <= max) || value < 0 !== negative) {
    throw new DecodeFault('number_out_of_range', 'a whole number too large to be held exactly');
  }
  return value;
}

function isLong(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= LONG_MIN && value <= max;
}

/** Short ASCII text in one pass; false, with nothing moved, when a character is not ASCII. */
function writeAscii(tap: Tap, text: string): boolean {
  const buffer = tap.buf;
  const start = tap.pos + 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return false;
    buffer[start + at] = code;
  }
  buffer[tap.pos] = text.length << 1;
  tap.pos = start + text.length;
  return true;
}

/** The text of a few ASCII bytes, the same string object while the cache remembers it; null when not ASCII. */
function cachedAscii(buffer: Buffer, start: number, end: number): string | null {
  let hash = 0;
  let bits = 0;
  for (let at = start; at < end; at++) {
    const byte = buffer[at] ?? 0;
    bits |= byte;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  if (bits > 0x7f) return null;
  const slot = (hash ^ (hash >>> 12)) & (CACHE_SLOTS - 1);
  const cached = cache[slot] ?? '';
  if (cached.length === end - start && hasBytes(cached, buffer, start)) return cached;
  const text = buffer.latin1Slice(start, end);
  if (missed[slot] === hash) cache[slot] = text;
  else missed[slot] = hash;
  return text;
}

/** ASCII is Latin-1 as well, which becomes a string without being checked. */
function isAscii(buffer: Buffer, start: number, end: number): boolean {
  let bits = 0;
  for (let at = start; at < end; at++) bits |= buffer[at] ?? 0;
  return bits <= 0x7f;
}

function hasBytes(text: string, buffer: Buffer, start: number): boolean {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) !== buffer[start + at]) return false;
  }
  return true;
}
