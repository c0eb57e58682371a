/** The rule of `npm run bench -- check`, with figures that nobody measured, and the file of what was. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Baselines, isFailure, judge, type Ratios, ratiosOf, type Verdict } from './bench/baseline.ts';
import { checkText } from './bench/check.ts';
import { COMPARED } from './bench/comparisons.ts';
import { contestResult, type Spread } from './bench/rounds.ts';

const spread = (min: number, median: number, max: number): Spread => ({ min, median, max });
const NAME = 'money: summed, over decimal.js';

function verdict(stored: Ratios, found: Ratios): Verdict | undefined {
  return judge(stored, found)[0]?.verdict;
}

describe('the rule of check', () => {
  const stored = { [NAME]: spread(5, 6, 7) };
  const cases: readonly (readonly [string, Spread, Verdict])[] = [
    ['the same', spread(5, 6, 7), 'kept'],
    ['hardly less than a fifth less', spread(4.81, 4.81, 4.81), 'kept'],
    ['a fifth less in some rounds', spread(3, 5, 6), 'kept'],
    ['more than a fifth less at the median, but not in every round', spread(3, 4, 5), 'unclear'],
    ['more than a fifth less in every round', spread(3, 4, 4.7), 'lost'],
    ['much more, once', spread(6, 7, 20), 'kept'],
    ['more than a quarter more in every round', spread(7.6, 8, 9), 'gained'],
  ];
  test.each(cases)('%s', (_, found, expected) => {
    expect(verdict(stored, { [NAME]: found })).toBe(expected);
  });

  test('only what is lost or gone fails', () => {
    const verdicts: readonly Verdict[] = ['kept', 'gained', 'unclear', 'new', 'lost', 'gone'];
    const failing = verdicts.filter((each) =>
      isFailure({ name: NAME, stored: null, found: null, verdict: each }),
    );
    expect(failing).toEqual(['lost', 'gone']);
  });

  test('a ratio without a baseline is new, a baseline without a ratio is gone', () => {
    expect(verdict({}, stored)).toBe('new');
    expect(verdict(stored, {})).toBe('gone');
  });

  test('the table names every ratio and says how many are lost', () => {
    const text = checkText(judge(stored, { [NAME]: spread(3, 4, 4.7) }), 0);
    expect(text).toContain(NAME);
    expect(text).toContain('LOST');
    expect(text).toContain('1 lost more than 20 %');
  });
});

test('ratios are those of the other sides, round by round', () => {
  const contest = contestResult({
    name: 'work',
    operations: 100,
    operation: 'records',
    sides: [
      { name: 'ours', seconds: [1, 2, 4] },
      { name: 'plain', seconds: [2, 4, 4] },
    ],
  });
  const found = ratiosOf('kernel', { contests: [contest], compared: 1, differences: 0 });
  expect(found).toEqual({ 'kernel: work, over plain': spread(1, 2, 2) });
});

test('every cheap comparison has a stored ratio, and each of them is a number', () => {
  const file = join(import.meta.dirname, 'bench', 'baselines.json');
  const { ratios } = Baselines.parse(JSON.parse(readFileSync(file, 'utf8')));
  for (const name of [...COMPARED.map((bench) => bench.name), 'proof']) {
    expect(Object.keys(ratios).filter((ratio) => ratio.startsWith(`${name}: `))).not.toEqual([]);
  }
});
