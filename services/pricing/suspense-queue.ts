/**
 * Queues of items that wait for something missing: a price of a model, the terms of an account.
 *
 * Job: stand in a queue and leave it. Boundary: knows neither uses nor outcomes; an item is a key in a table of its
 * service. What happens when the missing thing arrives is in `suspense-release.ts`.
 *
 * Invariant: standing in a queue and leaving it cost a fixed number of writes, however long the queue is.
 */
import type { SuspenseQueue } from '../../schemas/generated/price-suspense-queue.ts';
import type { SuspenseSlot } from '../../schemas/generated/price-suspense-slot.ts';

interface Cells<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

export interface QueueTables {
  readonly queues: Cells<SuspenseQueue>;
  readonly slots: Cells<SuspenseSlot>;
}

/** Takes a place and returns its slot. */
export function join(tables: QueueTables, thing: string, item: string): number {
  const queue = tables.queues.get(thing) ?? { head: 0, tail: 0, releaseUntil: 0 };
  tables.slots.set(slotKey(thing, queue.tail), { item });
  tables.queues.set(thing, { ...queue, tail: queue.tail + 1 });
  return queue.tail;
}

export function leave(tables: QueueTables, thing: string, slot: number): void {
  tables.slots.delete(slotKey(thing, slot));
}

export function slotKey(thing: string, slot: number): string {
  return `${thing}#${slot}`;
}
