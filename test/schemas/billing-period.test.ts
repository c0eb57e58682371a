import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { billingPeriodOf, parsePeriod, parseTimeZone } from '../../schemas/billing-period.ts';
import { formatInstant, instantOfMillis, parseInstant } from '../../schemas/instant.ts';
import { codeOf } from './code-of.ts';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
  'Pacific/Chatham',
  'America/St_Johns',
  'Asia/Amman',
  'Africa/Cairo',
];

describe('billing periods', () => {
  test.each([
    [
      '2026-03-31T21:59:59.999Z',
      'Europe/Berlin',
      '2026-03',
      '2026-02-28T23:00:00.000Z',
      '2026-03-31T22:00:00.000Z',
    ],
    [
      '2026-03-31T22:00:00.000Z',
      'Europe/Berlin',
      '2026-04',
      '2026-03-31T22:00:00.000Z',
      '2026-04-30T22:00:00.000Z',
    ],
    [
      '2026-11-01T03:59:59.999Z',
      'America/New_York',
      '2026-10',
      '2026-10-01T04:00:00.000Z',
      '2026-11-01T04:00:00.000Z',
    ],
    [
      '2026-11-30T12:00:00.000Z',
      'America/New_York',
      '2026-11',
      '2026-11-01T04:00:00.000Z',
      '2026-12-01T05:00:00.000Z',
    ],
    [
      '2025-12-31T10:00:00.000Z',
      'Pacific/Kiritimati',
      '2026-01',
      '2025-12-31T10:00:00.000Z',
      '2026-01-31T10:00:00.000Z',
    ],
    [
      '2026-02-28T18:30:00.000Z',
      'Asia/Kolkata',
      '2026-03',
      '2026-02-28T18:30:00.000Z',
      '2026-03-31T18:30:00.000Z',
    ],
  ])('%s in %s is %s', (at, zone, period, start, end) => {
    const found = billingPeriodOf(parseInstant(at), zone);
    expect([found.period, formatInstant(found.start), formatInstant(found.end)]).toEqual([
      period,
      start,
      end,
    ]);
  });

  test('a month whose first midnight does not exist begins at the first instant that does', () => {
    // Jordan moved its clocks at 24:00 on 31 March 2016, so 1 April began at 01:00.
    const april = parsePeriod('2016-04', 'Asia/Amman');
    expect(formatInstant(april.start)).toBe('2016-03-31T22:00:00.000Z');
    expect(parsePeriod('2016-03', 'Asia/Amman').end).toBe(april.start);
  });

  test('any instant in any zone lies in its period, and periods meet', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2040, 0, 1) }),
        (zone, millis) => {
          const found = billingPeriodOf(instantOfMillis(millis), zone);
          expect(found.start <= millis && millis < found.end).toBe(true);
          const next = billingPeriodOf(found.end, zone);
          const last = billingPeriodOf(instantOfMillis(found.end - 1), zone);
          expect([next.start, last.period]).toEqual([found.end, found.period]);
          expect(parsePeriod(found.period, zone)).toEqual(found);
          const local = new Intl.DateTimeFormat('en-CA', {
            timeZone: zone,
            year: 'numeric',
            month: '2-digit',
          });
          expect(local.format(millis)).toBe(found.period);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test('the same period is the same object, so that the hot path allocates nothing', () => {
    const zone = 'Europe/Zurich';
    const first = billingPeriodOf(parseInstant('2026-05-01T12:00:00Z'), zone);
    billingPeriodOf(parseInstant('2026-06-01T12:00:00Z'), zone);
    expect(billingPeriodOf(parseInstant('2026-05-31T12:00:00Z'), zone)).toBe(first);
  });

  test('unknown zones and malformed months are refused', () => {
    for (const zone of ['', 'Mars/Olympus', '+02:00', 'Europe/Berlin; drop', '__proto__']) {
      expect(codeOf(() => parseTimeZone(zone))).toBe('time_zone_unknown');
      expect(codeOf(() => billingPeriodOf(instantOfMillis(0), zone))).toBe('time_zone_unknown');
    }
    for (const text of ['2026-13', '2026-00', '2026-1', '26-01', '2026-01-01', '']) {
      expect(codeOf(() => parsePeriod(text, 'UTC'))).toBe('period_malformed');
    }
  });
});
