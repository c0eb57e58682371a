/**
 * Lays a fact down: the only place where the state of cost attribution changes.
 *
 * Boundary: a use as such changes nothing; a cost event in suspense, which is being written, is what is kept of it.
 */
import type { CostEvent } from '../../schemas/generated/cost-event.ts';
import type { PriceBook } from '../../schemas/generated/price-book.ts';
import type { Instant } from '../../schemas/instant.ts';
import { INDEX_KEY, partKey } from '../pricing/book-tables.ts';
import { receivePart } from '../pricing/price-book-index.ts';
import { type OpenSlot, open, openSlots } from '../pricing/suspense-release.ts';
import type { CostTables } from './model.ts';
import { review, settle, suspend, thingsOf } from './suspense.ts';

export function afterCostEvent(tables: CostTables, event: CostEvent): void {
  if (event.costStatus === 'suspense') suspend(tables, event);
}

export function afterBookPart(tables: CostTables, book: PriceBook): void {
  const receipt = receivePart(tables, book);
  if (receipt.kind !== 'taken') return;
  tables.bookParts.set(partKey(book, book.part), book);
  tables.bookIndex.set(INDEX_KEY, receipt.index);
  const things = thingsOf(tables, receipt.completed);
  for (const thing of things) open(tables, thing);
  carryOut(tables, openSlots(tables, things, 'still_open'));
}

export function afterTick(tables: CostTables, now: Instant): void {
  carryOut(tables, openSlots(tables, tables.queues.due(now), 'still_open'));
}

function carryOut(tables: CostTables, slots: readonly OpenSlot[]): void {
  settle(tables, slots, review(tables, tables, slots));
}
