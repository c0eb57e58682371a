/** Names of shares and their rivals: whoever has a partition in common with us is named, and nobody else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shareOf } from '../../topology/lock.ts';

describe('the share', () => {
  // Part k of n of so many partitions: which it has, its name, and who must be fenced.
  const cases: readonly (readonly [string, number, readonly number[], string, readonly string[]])[] = [
    ['0/1', 1, [0], 'rating-0', []],
    ['0/1', 2, [0, 1], 'rating-0-of-1', ['rating-0', 'rating-1']],
    ['1/2', 2, [1], 'rating-1', ['rating-0-of-1']],
    [
      '0/2',
      4,
      [0, 2],
      'rating-0-of-2',
      ['rating-0-of-1', 'rating-0-of-3', 'rating-2-of-3', 'rating-0', 'rating-2'],
    ],
    ['3/4', 4, [3], 'rating-3', ['rating-0-of-1', 'rating-1-of-2', 'rating-0-of-3']],
    // Of more parts than partitions, the first have one each: the same share as with as many parts as partitions.
    ['3/9', 4, [3], 'rating-3', ['rating-0-of-1', 'rating-1-of-2', 'rating-0-of-3']],
  ];
  test.each(cases)('%s of %i partitions has %j as %s', (part, count, partitions, name, rivals) => {
    const [k = 0, n = 1] = part.split('/').map(Number);
    const share = shareOf('rating', { k, n }, count);
    expect(share).toEqual({ partitions, lock: { transactionalId: name, rivals } });
  });

  test('names a rival exactly where a partition is shared, and is named by it', () => {
    const parts = fc
      .record({
        count: fc.integer({ min: 1, max: 24 }),
        seed: fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()),
      })
      .map(({ count, seed: [a, b, c, d] }) => {
        const [n, m] = [1 + (a % count), 1 + (b % count)];
        return { count, one: { k: c % n, n }, other: { k: d % m, n: m } };
      });
    const property = fc.property(parts, ({ count, one, other }) => {
      const [a, b] = [shareOf('rating', one, count), shareOf('rating', other, count)];
      const isSame = a.lock.transactionalId === b.lock.transactionalId;
      const overlap = a.partitions.some((partition) => b.partitions.includes(partition));
      expect(isSame).toBe(one.n === other.n && one.k === other.k);
      expect(a.lock.rivals.includes(b.lock.transactionalId)).toBe(overlap && !isSame);
      expect(b.lock.rivals.includes(a.lock.transactionalId)).toBe(overlap && !isSame);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
