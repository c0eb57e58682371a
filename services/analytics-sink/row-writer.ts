/**
 * Writes rows in ClickHouse's TabSeparated format into one growing buffer.
 *
 * Job: turn typed values into escaped text, fast. Boundary: knows no table; the caller writes columns in order.
 *
 * Invariants:
 *  1. Any text comes back from ClickHouse unchanged: tab, newline, carriage return, NUL, quote and backslash are
 *     escaped. A lone surrogate, which UTF-8 cannot hold, becomes U+FFFD.
 *  2. Money is written as exact decimal text, as `formatAmount` writes it. Numbers are used only where the units are a
 *     whole number that they hold exactly.
 *  3. A row is a line: `endRow` is the only writer of a newline.
 */
import { type Amount, formatAmount } from '../../schemas/amount.ts';

const INITIAL_BYTES = 64 * 1024;
/** Worst growth of one UTF-16 unit: three bytes of UTF-8, or a backslash and a letter. */
const BYTES_PER_UNIT_MAX = 3;

const TAB = 0x09;
const NEWLINE = 0x0a;
const QUOTE = 0x27;
const BACKSLASH = 0x5c;
const ZERO_DIGIT = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
const ESCAPED = /[\0\t\n\r'\\]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  "'": "\\'",
  '\\': '\\\\',
};

/** Milliseconds with 13 digits are read by ClickHouse as they are; other instants are written as text. */
const PLAIN_MILLIS_MIN = 1_000_000_000_000;
const PLAIN_MILLIS_MAX = 9_999_999_999_999;
const INSTANT_MIN = Date.UTC(1900, 0, 1);
const INSTANT_MAX = Date.UTC(2299, 11, 31, 23, 59, 59, 999);
const SMALL_INTEGER_MAX = 0x7fffffff;
/** Larger whole numbers are written in pieces of this many digits. */
const PIECE_DIGITS = 6;
const PIECE = 1_000_000;
/** Units of an amount in one whole: two pieces. */
const UNITS_PER_ONE = PIECE * PIECE;
const EXACT_UNITS_MAX = BigInt(Number.MAX_SAFE_INTEGER);

export class RowWriter {
  #buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #at = 0;
  #rows = 0;
  #columnOpen = false;

  get bytes(): number {
    return this.#at;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Null is written as the empty text, which is what the tables hold for an absent text. */
  text(value: string | null): void {
    this.#startColumn();
    this.#put(value ?? '');
  }

  /** A whole number; null is written as 0, which no version has. */
  integer(value: number | null): void {
    this.#startColumn();
    this.#putInteger(value ?? 0);
  }

  flag(value: boolean): void {
    this.#startColumn();
    this.#put(value ? '1' : '0');
  }

  amount(value: Amount): void {
    this.#startColumn();
    this.#putAmount(value);
  }

  amountOrNull(value: Amount | null): void {
    if (value === null) this.#null();
    else this.amount(value);
  }

  /** An instant outside 1900 to 2299, which DateTime64 cannot hold, is written as the nearer end. */
  instant(value: number): void {
    this.#startColumn();
    this.#putInstant(value, '');
  }

  instantOrNull(value: number | null): void {
    if (value === null) this.#null();
    else this.instant(value);
  }

  texts<T>(items: readonly T[], textOf: (item: T) => string): void {
    this.#array(items, (item) => {
      this.#putByte(QUOTE);
      this.#put(textOf(item));
      this.#putByte(QUOTE);
    });
  }

  integers<T>(items: readonly T[], integerOf: (item: T) => number): void {
    this.#array(items, (item) => this.#putInteger(integerOf(item)));
  }

  amounts<T>(items: readonly T[], amountOf: (item: T) => Amount): void {
    this.#array(items, (item) => this.#putAmount(amountOf(item)));
  }

  instantsOrNull<T>(items: readonly T[], instantOf: (item: T) => number | null): void {
    this.#array(items, (item) => {
      const value = instantOf(item);
      if (value === null) this.#put('NULL');
      else this.#putInstant(value, "'");
    });
  }

  endRow(): void {
    this.#reserve(1);
    this.#putByte(NEWLINE);
    this.#rows += 1;
    this.#columnOpen = false;
  }

  /** What was written since the writer was made. The writer must not be used afterwards. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  #null(): void {
    this.#startColumn();
    this.#putByte(BACKSLASH);
    this.#putByte(0x4e);
  }

  #array<T>(items: readonly T[], put: (item: T) => void): void {
    this.#startColumn();
    this.#putByte(0x5b);
    for (let index = 0; index < items.length; index += 1) {
      const item = items[index];
      if (item === undefined) continue;
      this.#reserve(4);
      if (index > 0) this.#putByte(0x2c);
      put(item);
    }
    this.#reserve(1);
    this.#putByte(0x5d);
  }

  #startColumn(): void {
    this.#reserve(4);
    if (this.#columnOpen) this.#putByte(TAB);
    this.#columnOpen = true;
  }

  #putInstant(value: number, quote: string): void {
    if (value >= PLAIN_MILLIS_MIN && value <= PLAIN_MILLIS_MAX) {
      const seconds = Math.floor(value / 1_000);
      this.#reserve(13);
      this.#putDigits(seconds, 10);
      this.#putDigits(value - seconds * 1_000, 3);
      return;
    }
    const text = new Date(Math.min(Math.max(value, INSTANT_MIN), INSTANT_MAX)).toISOString();
    this.#reserve(2);
    if (quote !== '') this.#putByte(QUOTE);
    this.#put(`${text.slice(0, 10)} ${text.slice(11, 23)}`);
    this.#reserve(1);
    if (quote !== '') this.#putByte(QUOTE);
  }

  #putInteger(value: number): void {
    if (value < 0 || value > SMALL_INTEGER_MAX) {
      this.#put(String(value));
      return;
    }
    this.#reserve(10);
    let digits = 1;
    for (let bound = 10; value >= bound; bound *= 10) digits += 1;
    this.#putDigits(value, digits);
  }

  /** The lowest digits of a whole number below 2^32, with zeros in front; there must be room. */
  #putDigits(value: number, digits: number): void {
    let rest = value;
    for (let at = this.#at + digits - 1; at >= this.#at; at -= 1) {
      const tenth = Math.trunc(rest / 10);
      this.#buffer[at] = ZERO_DIGIT + rest - tenth * 10;
      rest = tenth;
    }
    this.#at += digits;
  }

  #putAmount(amount: Amount): void {
    if (amount > EXACT_UNITS_MAX || amount < -EXACT_UNITS_MAX) {
      this.#put(formatAmount(amount));
      return;
    }
    this.#reserve(2);
    if (amount < 0n) this.#putByte(MINUS);
    const units = Math.abs(Number(amount));
    let whole = Math.floor(units / UNITS_PER_ONE);
    // Just below a whole the quotient may be rounded up to it. The remainder operator would be exact, and slow.
    if (whole * UNITS_PER_ONE > units) whole -= 1;
    this.#putInteger(whole);
    if (units > whole * UNITS_PER_ONE) this.#putFraction(units - whole * UNITS_PER_ONE);
  }

  /** A fraction of 12 digits, without the zeros at its end. */
  #putFraction(fraction: number): void {
    this.#reserve(1 + 2 * PIECE_DIGITS);
    this.#putByte(POINT);
    const high = Math.floor(fraction / PIECE);
    const low = fraction - high * PIECE;
    this.#putDigits(high, PIECE_DIGITS);
    if (low > 0) this.#putDigits(low, PIECE_DIGITS);
    while (this.#buffer[this.#at - 1] === ZERO_DIGIT) this.#at -= 1;
  }

  /** Plain ASCII byte by byte; the first other unit sends the whole text through the escaping path. */
  #put(value: string): void {
    const length = value.length;
    this.#reserve(length * BYTES_PER_UNIT_MAX + 2);
    const buffer = this.#buffer;
    const start = this.#at;
    for (let index = 0; index < length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) {
        this.#putEscaped(value);
        return;
      }
      buffer[start + index] = unit;
    }
    this.#at = start + length;
  }

  #putEscaped(value: string): void {
    const escaped = value.replace(ESCAPED, (unit) => ESCAPES[unit] ?? unit);
    this.#at += this.#buffer.write(escaped, this.#at, 'utf8');
  }

  #putByte(byte: number): void {
    this.#buffer[this.#at] = byte;
    this.#at += 1;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}
