import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSticky, type GroupMember } from '../../topology/log-kafka-assignment.ts';

/** Members with whatever they claim to own, overlapping or out of range as they like. */
const members = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc.array(fc.nat(30), { maxLength: 20 }).map((owned): GroupMember => ({ id, owned })),
      ),
    ),
  );

describe('assignSticky', () => {
  it('gives every partition to exactly one member, evenly', () => {
    fc.assert(
      fc.property(members, fc.nat(24), (group, partitions) => {
        const shares = [...assignSticky(group, partitions).values()];
        expect(shares.flat().sort((left, right) => left - right)).toEqual(
          Array.from({ length: partitions }, (_, partition) => partition),
        );
        const sizes = shares.map((share) => share.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('changes nothing when nothing has changed, whatever the order of the members', () => {
    fc.assert(
      fc.property(members, fc.nat(24), (group, partitions) => {
        const first = assignSticky(group, partitions);
        const again = [...first].map(([id, owned]) => ({ id, owned })).reverse();
        expect(new Map([...assignSticky(again, partitions)].sort())).toEqual(new Map([...first].sort()));
      }),
    );
  });

  it('takes from those who have too much only what a newcomer needs', () => {
    const assigned = assignSticky(
      [
        { id: 'b', owned: [] },
        { id: 'a', owned: [0, 1, 2, 3, 4] },
      ],
      5,
    );
    expect(Object.fromEntries(assigned)).toEqual({ a: [0, 1, 2], b: [3, 4] });
  });

  it('hands over what a leaver had', () => {
    const assigned = assignSticky(
      [
        { id: 'b', owned: [3, 4] },
        { id: 'c', owned: [2] },
      ],
      5,
    );
    expect(assigned.get('b')).toEqual([0, 3, 4]);
    expect(assigned.get('c')).toEqual([1, 2]);
  });
});
