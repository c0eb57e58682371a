/**
 * Releases from suspense queues when the missing thing has arrived.
 *
 * Job: open a queue, name the slots to look at, move past them. Boundary: whether an item may go is decided by its
 * service.
 *
 * Invariants:
 *  1. An arrival opens the queue up to its present end; at most `RELEASES_PER_INPUT_MAX` slots are looked at per input,
 *     the rest at the next clock ticks (`isOpen` is what a timer looks for).
 *  2. Who joins again after being looked at stands behind the opened part, so a release ends.
 */
import type { SuspenseQueue } from '../../schemas/generated/price-suspense-queue.ts';
import { type QueueTables, slotKey } from './suspense-queue.ts';

/** Slots looked at per input record: bounds the outputs of one arrival. */
export const RELEASES_PER_INPUT_MAX = 1_000;

/** A slot that is due to be looked at; `item` is null where its item has left. */
export interface OpenSlot {
  readonly thing: string;
  readonly slot: number;
  readonly item: string | null;
}

/** Whether the missing thing has arrived and slots are left to look at. */
export function isOpen(queue: SuspenseQueue): boolean {
  return queue.head < queue.releaseUntil;
}

/** Opens the queue up to its present end. Does nothing where nobody waits. */
export function open(tables: QueueTables, thing: string): void {
  const queue = tables.queues.get(thing);
  if (queue !== undefined) tables.queues.set(thing, { ...queue, releaseUntil: queue.tail });
}

/** The next slots of things that have just arrived or are still open. Reads only. */
export function openSlots(
  tables: QueueTables,
  things: Iterable<string>,
  opens: 'arrived' | 'still_open',
): readonly OpenSlot[] {
  const found: OpenSlot[] = [];
  for (const thing of things) {
    const queue = tables.queues.get(thing);
    if (queue === undefined) continue;
    const until = opens === 'arrived' ? queue.tail : queue.releaseUntil;
    for (let slot = queue.head; slot < until; slot += 1) {
      if (found.length >= RELEASES_PER_INPUT_MAX) return found;
      found.push({ thing, slot, item: tables.slots.get(slotKey(thing, slot))?.item ?? null });
    }
  }
  return found;
}

/** Moves the head past slots that were looked at, in their order; an empty queue disappears. */
export function pass(tables: QueueTables, slots: readonly OpenSlot[]): void {
  for (const { thing, slot } of slots) {
    tables.slots.delete(slotKey(thing, slot));
    const queue = tables.queues.get(thing);
    if (queue === undefined) continue;
    if (slot + 1 >= queue.tail) tables.queues.delete(thing);
    else tables.queues.set(thing, { ...queue, head: slot + 1 });
  }
}
