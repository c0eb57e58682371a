/**
 * Which partitions of a service one owner has, under which transactional id, and whose ids stand in its way.
 *
 * Job: name shares so that everybody who shares a partition with us can be told by name (decisions/0008).
 *
 * Invariants:
 *  1. Two shares of a service have the same name only when they have the same partitions.
 *  2. The rivals of a share are all other names whose shares have a partition in common with it.
 *  3. A share of one partition has the name that partition has under an elastic group.
 */
import type { ServiceName } from './topics.ts';

/** What an owner locks: `transactionalId` is opened, then each of `rivals` is fenced. */
export interface Lock {
  readonly transactionalId: string;
  readonly rivals: readonly string[];
}

export interface Share {
  readonly partitions: readonly number[];
  readonly lock: Lock;
}

/** Part k of n: the partitions p below `count` with p mod n = k. Of more parts than partitions the last ones are empty. */
interface Part {
  readonly k: number;
  readonly n: number;
}

/** The share of a service that has `count` partitions; at most `count` parts have any. */
export function shareOf(service: ServiceName, { k, n }: Part, count: number): Share {
  const part = { k, n: Math.min(n, count) };
  const partitions = partitionsOf(part, count);
  const rivals = allParts(count)
    .filter((other) => partitionsOf(other, count).some((partition) => partitions.includes(partition)))
    .map((other) => nameOf(service, other, count));
  const transactionalId = nameOf(service, part, count);
  return { partitions, lock: { transactionalId, rivals: rivals.filter((name) => name !== transactionalId) } };
}

function allParts(count: number): readonly Part[] {
  return Array.from({ length: count }, (_, index) => index + 1).flatMap((n) =>
    Array.from({ length: n }, (_, k) => ({ k, n })),
  );
}

function partitionsOf({ k, n }: Part, count: number): readonly number[] {
  return Array.from({ length: count }, (_, partition) => partition).filter((p) => p % n === k);
}

function nameOf(service: ServiceName, { k, n }: Part, count: number): string {
  return n === count ? `${service}-${k}` : `${service}-${k}-of-${n}`;
}
