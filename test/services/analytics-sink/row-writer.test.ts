import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountOfUnits, formatAmount } from '../../../schemas/amount.ts';
import { RowWriter } from '../../../services/analytics-sink/row-writer.ts';

const UNESCAPED: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', '0': '\0' };

function written(write: (out: RowWriter) => void): string {
  const out = new RowWriter();
  write(out);
  out.endRow();
  return out.finish().toString('utf8');
}

/** Reads TabSeparated back: the other direction, written independently. */
function readRows(text: string): readonly (readonly string[])[] {
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) =>
      line.split('\t').map((field) => field.replace(/\\(.)/gs, (_, unit: string) => UNESCAPED[unit] ?? unit)),
    );
}

describe('the row writer', () => {
  it.each([
    ['plain', 'req-1'],
    ['empty', ''],
    ['a tab and a newline', 'a\tb\nc\r\n'],
    ['backslashes and quotes', "\\N \\\\ 'x' \\'"],
    ['NUL and control characters', '\0\u0001\u001f\u007f'],
    ['Chinese', '发票 一二三'],
    ['Vietnamese and emoji', 'hóa đơn 🙂👩‍👩‍👧'],
    ['SQL', "'); DROP TABLE usage; --"],
  ])('keeps %s', (_, value) => {
    const text = written((out) => {
      out.text(value);
      out.text('next');
    });
    expect(readRows(text)).toEqual([[value, 'next']]);
  });

  it('keeps any text, in any column, over buffer growth', () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 60 }), (values, rows) => {
        const out = new RowWriter();
        for (let row = 0; row < rows; row += 1) {
          for (const value of values) out.text(value);
          out.endRow();
        }
        expect(out.rows).toBe(rows);
        expect(readRows(out.finish().toString('utf8'))).toEqual(Array.from({ length: rows }, () => values));
      }),
      { numRuns: 100 },
    );
  });

  it('replaces half a character, which UTF-8 cannot hold, and nothing else', () => {
    expect(readRows(written((out) => out.text('a\ud800b')))).toEqual([['a\ufffdb']]);
  });

  it('writes one very long text', () => {
    const value = '长\t'.repeat(100_000);
    expect(readRows(written((out) => out.text(value)))).toEqual([[value]]);
  });

  it.each([0, 1, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, -1, -(2 ** 52)])('writes %s', (value) => {
    expect(written((out) => out.integer(value))).toBe(`${value}\n`);
  });

  it('writes any whole number and any amount exactly', () => {
    const whole = fc.maxSafeInteger();
    const amount = fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }).map(amountOfUnits);
    fc.assert(
      fc.property(whole, amount, (value, money) => {
        const text = written((out) => {
          out.integer(value);
          out.amount(money);
        });
        expect(text).toBe(`${value}\t${formatAmount(money)}\n`);
      }),
    );
  });

  it('writes amounts as formatAmount does, near wholes, near what a number holds, and in between', () => {
    const near = (centre: bigint) => fc.bigInt({ min: centre - 2n, max: centre + 2n });
    const wholes = fc.bigInt({ min: -9_010n, max: 9_010n }).chain((whole) => near(whole * 10n ** 12n));
    const edge = fc.constantFrom(-(2n ** 53n), 2n ** 53n).chain(near);
    const small = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n });
    fc.assert(
      fc.property(fc.oneof(wholes, edge, small).map(amountOfUnits), (money) => {
        expect(written((out) => out.amount(money))).toBe(`${formatAmount(money)}\n`);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    [Date.UTC(2026, 2, 31, 23, 59, 59, 999), '1775001599999'],
    [0, '1970-01-01 00:00:00.000'],
    [-1, '1969-12-31 23:59:59.999'],
    [Date.UTC(2001, 0, 1), '2001-01-01 00:00:00.000'],
    [-8.64e15, '1900-01-01 00:00:00.000'],
    [8.64e15, '2299-12-31 23:59:59.999'],
  ])('writes the instant %s', (instant, expected) => {
    expect(written((out) => out.instant(instant))).toBe(`${expected}\n`);
  });

  it('writes absent values and lists', () => {
    const text = written((out) => {
      out.text(null);
      out.integer(null);
      out.amountOrNull(null);
      out.instantOrNull(null);
      out.flag(true);
      out.texts(['a', "b'c\\", '\t'], (item) => item);
      out.integers([], (item: number) => item);
      out.instantsOrNull([null, 0, 1_700_000_000_000], (item) => item);
      out.amounts([amountOfUnits(1n), amountOfUnits(-(10n ** 12n))], (item) => item);
    });
    expect(text).toBe(
      "\t0\t\\N\t\\N\t1\t['a','b\\'c\\\\','\\t']\t[]\t[NULL,'1970-01-01 00:00:00.000',1700000000000]\t[0.000000000001,-1]\n",
    );
  });
});
