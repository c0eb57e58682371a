import { describe, expect, test } from 'vitest';
import { fullNameOf, subjectsOf, subjectsOfService, subjectsOfTopics } from '../../topology/subjects.ts';
import { TOPICS } from '../../topology/topics.ts';

const rating = {
  service: 'rating',
  inputs: ['usage-events', 'clock-ticks'],
  outputs: ['charges'],
  tables: { balances: { record: 'Balance' }, others: { record: 'Balance' } },
} as const;

const own = [
  'rating-rejected-outcome.ledger.Refusal',
  'rating-rejected-outcome.ledger.DeadLetter',
  'rating-changelog-outcome.ledger.Checkpoint',
  'rating-changelog-outcome.ledger.Barrier',
  'rating-changelog-outcome.ledger.AdmissionBlock',
  'rating-changelog-outcome.ledger.Balance',
  'rating-steps-value',
];

describe('subjects', () => {
  test('of a topic with one record are named after the topic', () => {
    expect(subjectsOfTopics(['usage-events'])).toEqual([
      { subject: 'usage-events-value', topic: 'usage-events', recordName: 'UsageEvent' },
    ]);
  });

  test('of a service are those it reads, writes and keeps, each state record once', () => {
    const names = subjectsOfService(rating).map(({ subject }) => subject);
    expect(names).toEqual(['usage-events-value', 'clock-ticks-value', 'charges-value', ...own]);
  });

  test('of the system are every topic of the table and those of every processor, each once', () => {
    const names = subjectsOf([rating]).map(({ subject }) => subject);
    expect(names).toEqual([...Object.keys(TOPICS).map((topic) => `${topic}-value`), ...own]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('full names carry the namespace', () => {
    expect(fullNameOf('UsageEvent')).toBe('outcome.ledger.UsageEvent');
  });
});
