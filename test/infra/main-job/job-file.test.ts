/** What is remembered between two runs of the main job, and what they sent together. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  anchorAt,
  type Job,
  type JobRun,
  loadJob,
  saveJob,
  sentByAllRuns,
  sourcesOfAllRuns,
} from '../../../infra/main-job/job-file.ts';
import { instantOfMillis } from '../../../schemas/instant.ts';

const plan = { seed: 1, accounts: 2, usageEvents: 3, anchor: instantOfMillis(1_760_000_040_000) };
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'job-file-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function run(sent: JobRun['sent'], input: string | null = null): JobRun {
  return { input, sent, sources: null };
}

describe('the file', () => {
  test('is null before the first run, and comes back equal', () => {
    expect(loadJob(folder)).toBeNull();
    const job: Job = { plan, runs: [run({ accepted: 3 }), run(null, 'trace.csv')] };
    saveJob(folder, job);
    expect(loadJob(folder)).toEqual(job);
    saveJob(folder, { ...job, runs: [] });
    expect(loadJob(folder)?.runs).toEqual([]);
    expect(readdirSync(folder)).toEqual(['main-job.json']);
  });

  test('a partial file of a run that was killed while saving is not read', () => {
    saveJob(folder, { plan, runs: [] });
    writeFileSync(join(folder, 'main-job.json.partial'), '{"plan":');
    expect(loadJob(folder)?.plan).toEqual(plan);
  });

  test.each([
    ['that is no JSON', '{'],
    ['without a plan', '{"runs":[]}'],
    ['with half an account', JSON.stringify({ plan: { ...plan, accounts: 0.5 }, runs: [] })],
    [
      'with a fraction of a use sent',
      JSON.stringify({ plan, runs: [{ input: null, sent: { accepted: 0.5 } }] }),
    ],
  ])('a file %s is refused', (_, text) => {
    writeFileSync(join(folder, 'main-job.json'), text);
    expect(() => loadJob(folder)).toThrow();
  });
});

describe('what all runs sent', () => {
  const cases: readonly (readonly [string, readonly JobRun[], Readonly<Record<string, number>> | null])[] = [
    ['nothing before the first run', [], {}],
    [
      'one run as it was',
      [run({ accepted: 10, duplicate: 2, conflict: 1 })],
      { accepted: 10, duplicate: 2, conflict: 1 },
    ],
    [
      'a second run of the same input repeats what the first was accepted for',
      [run({ accepted: 10, duplicate: 2, unframed: 1 }), run({ accepted: 10, duplicate: 2, unframed: 1 })],
      { accepted: 10, duplicate: 14, unframed: 2 },
    ],
    [
      'another input is accepted anew',
      [run({ accepted: 10 }), run({ accepted: 4 }, 'trace.csv'), run({ accepted: 4 }, 'trace.csv')],
      { accepted: 14, duplicate: 4 },
    ],
    [
      'not known after a run that was interrupted',
      [run({ accepted: 10 }), run(null), run({ accepted: 10 })],
      null,
    ],
    ['not known while the first run goes on', [run(null)], null],
  ];
  test.each(cases)('%s', (_, runs, expected) => {
    const sent = sentByAllRuns({ plan, runs });
    expect(sent === null ? null : Object.fromEntries(sent)).toEqual(expected);
  });
});

test('the instances of all runs that ended, each with its last number', () => {
  const sources = { 'run-1/a': 3, 'run-1/b': 2 };
  const runs = [{ ...run({}), sources }, run(null), { ...run({}), sources: { 'run-3/a': 9 } }];
  expect(Object.fromEntries(sourcesOfAllRuns({ plan, runs }))).toEqual({ ...sources, 'run-3/a': 9 });
});

test('a file of before the numbers is still read', () => {
  writeFileSync(join(folder, 'main-job.json'), JSON.stringify({ plan, runs: [{ input: null, sent: {} }] }));
  expect(loadJob(folder)?.runs).toEqual([{ input: null, sent: {}, sources: null }]);
});

test('the anchor is the last whole minute', () => {
  expect([anchorAt(60_000), anchorAt(119_999), anchorAt(1_760_000_059_999)]).toEqual([
    60_000, 60_000, 1_760_000_040_000,
  ]);
});
