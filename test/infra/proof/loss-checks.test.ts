/** The check that every numbered send arrived holds for an honest history, and fails for each way of losing one. */
import { expect, test } from 'vitest';
import type { SourceNumbers } from '../../../infra/analytics/sources.ts';
import { lossChecks } from '../../../infra/proof/loss-checks.ts';

const sent = new Map([
  ['run-1/a', 10],
  ['run-1/b', 5],
]);

function source(sourceId: string, last: number, missing = 0): SourceNumbers {
  return { sourceId, first: 1, last, received: last - missing, missing, lastDay: '2026-03-15' };
}

const cases: readonly (readonly [string, readonly SourceNumbers[], boolean, string])[] = [
  ['all numbers', [source('run-1/a', 10), source('run-1/b', 5)], true, '15 sends of 2 sources'],
  ['other sources do not matter', [source('x', 9, 3), source('run-1/a', 10), source('run-1/b', 5)], true, ''],
  ['one in the middle', [source('run-1/a', 10, 1), source('run-1/b', 5)], false, 'run-1/a: 9 of 10'],
  ['the last', [source('run-1/a', 9), source('run-1/b', 5)], false, 'run-1/a: 9 of 10, the largest 9'],
  ['one that was never sent', [source('run-1/a', 11), source('run-1/b', 5)], false, 'the largest 11'],
  ['a whole source', [source('run-1/a', 10)], false, 'run-1/b: none of 5'],
];

test.each(cases)('%s', (_, found, holds, detail) => {
  const checks = lossChecks(sent, found);
  expect(checks.map((check) => check.holds)).toEqual([holds]);
  expect(checks[0]?.detail).toContain(detail);
});

test('where nothing is known to be sent there is nothing to check', () => {
  expect(lossChecks(new Map(), [])).toEqual([]);
});
