/**
 * Job: divide partitions 0..n-1 among the members of an elastic group.
 *
 * Boundary: a pure function; the broker's group protocol and the in-memory log both use it. A partition number stands
 * for that partition of every topic of a service, which is what keeps them together (co-partitioned).
 *
 * Invariants:
 *  1. Every partition has exactly one owner while there is a member.
 *  2. No member has more than one partition more than another.
 *  3. A member keeps what it had, up to its share (sticky); the result depends on the input alone.
 */

export interface GroupMember {
  readonly id: string;
  readonly owned: readonly number[];
}

/** The partitions of each member, in ascending order. */
export function assignSticky(
  members: readonly GroupMember[],
  partitions: number,
): ReadonlyMap<string, readonly number[]> {
  const sorted = [...members].sort(byHoldings);
  const assigned = new Map<string, number[]>();
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  for (const [rank, member] of sorted.entries()) {
    const kept: number[] = [];
    for (const partition of member.owned) {
      if (kept.length < shareOf(rank, sorted.length, partitions) && free.delete(partition))
        kept.push(partition);
    }
    assigned.set(member.id, kept);
  }
  for (const [rank, member] of sorted.entries()) {
    const own = assigned.get(member.id) ?? [];
    for (const partition of free) {
      if (own.length >= shareOf(rank, sorted.length, partitions)) break;
      free.delete(partition);
      own.push(partition);
    }
    own.sort((left, right) => left - right);
  }
  return assigned;
}

/** Members that hold more come first, because the larger shares go to the first ranks. */
function byHoldings(left: GroupMember, right: GroupMember): number {
  return right.owned.length - left.owned.length || (left.id < right.id ? -1 : 1);
}

function shareOf(rank: number, members: number, partitions: number): number {
  return Math.floor(partitions / members) + (rank < partitions % members ? 1 : 0);
}
