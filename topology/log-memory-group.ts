/**
 * Job: elastic groups of the in-memory log.
 *
 * Boundary: hands out partition numbers; nothing here stops a former owner from writing, the transactional id does.
 *
 * Invariants:
 *  1. Every join and every leave starts a new generation, and each member is told of it even when its own partitions
 *     stay the same: a member that was fenced meanwhile needs the call to acquire again.
 *  2. Generations that nobody waited for are merged; a member always sees the latest.
 */

import { LogError, type Membership } from './log.ts';
import { assignSticky } from './log-kafka-assignment.ts';

export class MemoryGroup {
  readonly #partitions: number;
  readonly #members = new Map<string, MemoryMembership>();
  #joined = 0;

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  join(partitions: number): Membership {
    if (partitions !== this.#partitions) {
      throw new LogError(
        'fatal',
        'INCONSISTENT_GROUP_PROTOCOL',
        `${partitions} partitions, group has ${this.#partitions}`,
      );
    }
    this.#joined += 1;
    const id = `member-${String(this.#joined).padStart(6, '0')}`;
    const member = new MemoryMembership(() => {
      if (this.#members.delete(id)) this.#rebalance();
    });
    this.#members.set(id, member);
    this.#rebalance();
    return member;
  }

  #rebalance(): void {
    const members = [...this.#members].map(([id, member]) => ({ id, owned: member.owned }));
    if (members.length === 0) return;
    const assigned = assignSticky(members, this.#partitions);
    for (const [id, member] of this.#members) member.assign(assigned.get(id) ?? []);
  }
}

class MemoryMembership implements Membership {
  readonly #onLeave: () => void;
  owned: readonly number[] = [];
  #news = false;
  #left = false;
  #waiting: ((partitions: readonly number[]) => void)[] = [];

  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  async next(): Promise<readonly number[]> {
    if (this.#left) throw new LogError('fatal', 'MEMBERSHIP_ENDED', 'next after leave');
    if (!this.#news) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#news = false;
    return this.owned;
  }

  async leave(): Promise<void> {
    this.#left = true;
    this.assign([]);
    this.#onLeave();
  }

  assign(partitions: readonly number[]): void {
    this.owned = partitions;
    this.#news = this.#waiting.length === 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(partitions);
  }
}
