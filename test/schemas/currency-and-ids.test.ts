import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CURRENCY_CODES, exponentOf, parseCurrency } from '../../schemas/currency.ts';
import { parseAccountId, parseId } from '../../schemas/ids.ts';
import { codeOf } from './code-of.ts';

const LIST_ONE = readFileSync(new URL('iso4217-2026-01-01.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','))
  .map(([code = '', , minorUnits = '']) => ({ code, minorUnits }));

describe('currencies', () => {
  test('the table is the published list', () => {
    const payable = LIST_ONE.filter(({ minorUnits }) => minorUnits !== 'N.A.');
    expect(payable.length).toBeGreaterThan(150);
    for (const { code, minorUnits } of payable)
      expect([code, exponentOf(code)]).toEqual([code, Number(minorUnits)]);
    expect(CURRENCY_CODES).toEqual(payable.map(({ code }) => code).sort());
  });

  test.each(['', 'usd', 'US', 'EURO', 'XAU', 'XXX', 'XTS', 'HRK', 'BGN'])('%j is refused', (code) => {
    expect(codeOf(() => parseCurrency(code))).toBe('currency_unknown');
    expect(codeOf(() => exponentOf(code))).toBe('currency_unknown');
  });
});

describe('ids', () => {
  test.each(['a', 'acct-1', 'org:team.7_x', 'A'.repeat(128)])('%j is an account id', (text) => {
    expect(parseAccountId(text)).toBe(text);
  });

  test.each(['', ' ', 'a b', 'a/b', "a'b", 'a\n', 'ä', '雪', 'A'.repeat(129)])(
    '%j is no account id',
    (text) => {
      expect(codeOf(() => parseAccountId(text))).toBe('id_malformed');
    },
  );

  test('other ids are visible ASCII', () => {
    expect(parseId('RequestId', 'gen/4:é'.replace('é', 'e'))).toBe('gen/4:e');
    for (const text of ['', ' a', 'a\u0000', 'é', 'x'.repeat(257)]) {
      expect(codeOf(() => parseId('RequestId', text))).toBe('id_malformed');
    }
  });
});
