/** The moments of the main job's clock, against months reckoned from the calendar alone. */
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { firstTick, laterTicks } from '../../../infra/main-job/clock.ts';
import { ZONES } from '../../../infra/main-job/world.ts';
import { parseInstant } from '../../../schemas/instant.ts';
import { CLOSE_GRACE_MS } from '../../../services/invoice-rollups/processor.ts';

const DAY_MS = 86_400_000;

const ANCHORS: readonly (readonly [string, string])[] = [
  ['the 1st, just after midnight', '2026-05-01T00:00:00Z'],
  ['the 1st, after every close', '2026-05-01T20:00:00Z'],
  ['the 2nd', '2026-05-02T10:00:00Z'],
  ['the 15th', '2026-05-15T12:00:00Z'],
  ['the 31st', '2026-05-31T23:59:00Z'],
  ['the last of a February', '2026-02-28T12:00:00Z'],
  ['a leap day', '2028-02-29T12:00:00Z'],
  ['the turn of a year', '2027-01-01T12:00:00Z'],
  ['after clocks went forward in New York', '2026-03-09T12:00:00Z'],
  ['after clocks went forward in Berlin', '2026-04-02T12:00:00Z'],
  ['after clocks went back in Berlin', '2026-11-01T22:00:00Z'],
  ['after clocks went back in New York', '2026-11-02T12:00:00Z'],
  ['after clocks changed in Auckland', '2026-10-02T12:00:00Z'],
];

/** Every month end of the zone whose close lies within the job's history. */
function closes(zone: string, anchor: number): readonly number[] {
  const from = anchor - 31 * DAY_MS;
  const found: number[] = [];
  let month = Temporal.Instant.fromEpochMilliseconds(from)
    .toZonedDateTimeISO('UTC')
    .toPlainDate()
    .toPlainYearMonth()
    .subtract({ months: 1 });
  for (let turn = 0; turn < 5; turn += 1) {
    const start = month.toPlainDate({ day: 1 }).toZonedDateTime(zone).epochMilliseconds;
    if (start > from && start + CLOSE_GRACE_MS < anchor) found.push(start + CLOSE_GRACE_MS);
    month = month.add({ months: 1 });
  }
  return found;
}

describe.each(ANCHORS)('anchored at %s', (_, text) => {
  const anchor = parseInstant(text);
  const ticks = laterTicks(anchor);

  test('there is a tick at each close and one a millisecond earlier, and no other but the last', () => {
    const expected = new Set(ZONES.flatMap((zone) => closes(zone, anchor)));
    const pairs = [...expected].toSorted((a, b) => a - b).flatMap((close) => [close - 1, close]);
    expect(ticks).toEqual([...pairs, anchor]);
  });

  test('time only moves on, from the first tick to the anchor', () => {
    const all = [firstTick(anchor), ...ticks];
    expect(all.every((tick, index) => index === 0 || tick > (all[index - 1] ?? 0))).toBe(true);
    expect(all.at(-1)).toBe(anchor);
  });

  test('no two closes share a quarter of an hour with another tick than their own pair', () => {
    const quarters = ticks.slice(0, -1).map((tick) => Math.floor((tick + 1) / (15 * 60_000)));
    for (const [index, quarter] of quarters.entries()) {
      const isSecond = index % 2 === 1;
      expect(quarter === quarters[index - 1]).toBe(isSecond);
    }
  });
});

test('in the middle of a month every zone closes the month before', () => {
  expect(laterTicks(parseInstant('2026-05-15T12:00:00Z')).length).toBe(new Set(ZONES).size * 2 + 1);
});
