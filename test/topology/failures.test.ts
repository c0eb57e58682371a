/** What a task does after an error: the table is complete, and what nobody foresaw ends the process. */
import { describe, expect, test } from 'vitest';
import { RegistryUnreachable } from '../../schemas/schema-directory.ts';
import { reactionTo } from '../../topology/failures.ts';
import { LogError } from '../../topology/log.ts';
import { InvariantBroken } from '../../topology/step.ts';

const record = {
  topic: 'charges',
  partition: 2,
  offset: 7,
  appendedAt: 0,
  key: null,
  value: null,
  headers: [],
};

describe('reactions', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['broker trouble', new LogError('retriable', 'NOT_LEADER_FOR_PARTITION', 'x'), 'acquire_again'],
    ['an unknown outcome', new LogError('unknown_outcome', 'NETWORK_EXCEPTION', 'x'), 'acquire_again'],
    ['a registry that does not answer', new RegistryUnreachable('x'), 'acquire_again'],
    ['a new owner', new LogError('fenced', 'PRODUCER_FENCED', 'x'), 'stand_back'],
    ['lost data', new LogError('out_of_range', 'input_lost', 'x'), 'exit'],
    ['a record that is too large', new LogError('fatal', 'MESSAGE_TOO_LARGE', 'x'), 'exit'],
    ['a broken invariant', new InvariantBroken('rating', record, new Error('x')), 'exit'],
    [
      'a broken invariant that broker trouble caused',
      new InvariantBroken('rating', record, new LogError('retriable', 'X', 'x')),
      'exit',
    ],
    ['a bug', new TypeError('x is undefined'), 'exit'],
    ['an error that says it is not retriable', Object.assign(new Error('x'), { retriable: false }), 'exit'],
    ['something that is no error', 'broken', 'exit'],
    ['an object that only looks retriable', { retriable: true }, 'exit'],
  ];
  test.each(cases)('%s', (_, error, reaction) => {
    expect(reactionTo(error)).toBe(reaction);
  });

  test('a broken invariant names the record and keeps its cause', () => {
    const cause = new Error('the entry does not balance');
    const error = new InvariantBroken('credit-balances', record, cause);
    expect([error.message, error.cause]).toEqual([
      'credit-balances cannot process charges/2@7: the entry does not balance',
      cause,
    ]);
    expect(new InvariantBroken('rating', record, 'text').message).toBe(
      'rating cannot process charges/2@7: text',
    );
  });
});
