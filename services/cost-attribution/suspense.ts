/**
 * Uses without a cost price, and what a new price book means for them.
 *
 * Job: the same review for `decide`, which writes the backfills of it, and for `evolve`, which carries it out.
 * Boundary: the queues themselves are in `../pricing/suspense-queue.ts`.
 *
 * Invariant: a use is in the table, and in the queue of its model, exactly as long as it has no price.
 */
import type { CostEvent } from '../../schemas/generated/cost-event.ts';
import type { PriceBook } from '../../schemas/generated/price-book.ts';
import type { PriceBookIndex, PriceBookVersion } from '../../schemas/generated/price-book-index.ts';
import { type BookTables, partKey } from '../pricing/book-tables.ts';
import { namesIn } from '../pricing/price-books.ts';
import { join } from '../pricing/suspense-queue.ts';
import { type OpenSlot, pass } from '../pricing/suspense-release.ts';
import { assessCost, modelThing, type Priced, type Unpriced } from './assess-cost.ts';
import type { CostTables } from './model.ts';

export interface Reviewed {
  readonly suspended: CostEvent;
  readonly found: Priced | Unpriced;
}

/** The books once this part is laid down. */
export function withBookPart(tables: CostTables, index: PriceBookIndex, book: PriceBook): BookTables {
  const added = partKey(book, book.part);
  return {
    bookIndex: { get: () => index },
    bookParts: { get: (key) => (key === added ? book : tables.bookParts.get(key)) },
  };
}

/** The queues that a completed version may release; books for customers price no cost. */
export function thingsOf(books: BookTables, completed: PriceBookVersion | null): readonly string[] {
  if (completed === null || completed.purpose !== 'cost') return [];
  return Array.from(namesIn(books, completed), modelThing);
}

/** Looks again at every use in these slots; reads only. */
export function review(
  tables: Pick<CostTables, 'suspended'>,
  books: BookTables,
  slots: readonly OpenSlot[],
): readonly Reviewed[] {
  const reviewed: Reviewed[] = [];
  for (const { item } of slots) {
    const suspended = item === null ? undefined : tables.suspended.get(item);
    if (suspended !== undefined) reviewed.push({ suspended, found: assessCost(books, suspended) });
  }
  return reviewed;
}

export function suspend(tables: CostTables, event: CostEvent): void {
  tables.suspended.set(suspenseKey(event), event);
  join(tables, modelThing(event.model), suspenseKey(event));
}

/** Who got a price leaves; who did not waits at the end of the queue. */
export function settle(tables: CostTables, slots: readonly OpenSlot[], reviewed: readonly Reviewed[]): void {
  pass(tables, slots);
  for (const { suspended, found } of reviewed) {
    if (found.kind === 'unpriced') suspend(tables, suspended);
    else tables.suspended.delete(suspenseKey(suspended));
  }
}

function suspenseKey({ accountId, requestId }: CostEvent): string {
  return `${accountId}/${requestId}`;
}
