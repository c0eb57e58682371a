import { describe, expect, test } from 'vitest';
import { formatInstant, instantOfMillis, parseInstant } from '../../schemas/instant.ts';
import { codeOf } from './code-of.ts';

describe('instants', () => {
  test.each([
    ['1970-01-01T00:00:00Z', 0],
    ['2026-03-31T23:59:59.999Z', Date.UTC(2026, 2, 31, 23, 59, 59, 999)],
    ['2026-03-31T23:59:59.9999999Z', Date.UTC(2026, 2, 31, 23, 59, 59, 999)],
    ['2026-03-31T23:59:59.5Z', Date.UTC(2026, 2, 31, 23, 59, 59, 500)],
    ['2026-04-01T01:30:00+02:00', Date.UTC(2026, 2, 31, 23, 30)],
    ['2026-03-31T18:00:00-05:30', Date.UTC(2026, 2, 31, 23, 30)],
    ['2024-02-29T00:00:00-00:00', Date.UTC(2024, 1, 29)],
    ['1969-12-31T23:59:59.999Z', -1],
  ])('%s', (text, millis) => {
    expect(parseInstant(text)).toBe(millis);
  });

  test.each([
    '2026-03-31',
    '2026-03-31T12:00:00',
    '2026-03-31 12:00:00Z',
    '2026-03-31T12:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-04-30T24:00:00Z',
    '2026-04-30T23:59:60Z',
    '2026-04-30T23:59:59+24:00',
    '2026-04-30T23:59:59+01:60',
    '2026-04-30T23:59:59,5Z',
    '2026-04-30T23:59:59.Z',
    '2026-04-30t23:59:59z',
    '1764000000000',
    '',
  ])('%j is refused', (text) => {
    expect(codeOf(() => parseInstant(text))).toBe('instant_malformed');
  });

  test('writes UTC with milliseconds and reads it back', () => {
    const instant = parseInstant('2026-04-01T01:30:00+02:00');
    expect(formatInstant(instant)).toBe('2026-03-31T23:30:00.000Z');
    expect(parseInstant(formatInstant(instant))).toBe(instant);
  });

  test('only whole milliseconds that a calendar can show', () => {
    expect(Object.is(instantOfMillis(-0), 0)).toBe(true);
    for (const millis of [0.5, Number.NaN, 8.64e15 + 1, Number.POSITIVE_INFINITY]) {
      expect(codeOf(() => instantOfMillis(millis))).toBe('instant_out_of_range');
    }
  });
});
