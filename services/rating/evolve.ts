/**
 * Lays a fact down: the only place where the state of rating changes.
 *
 * Job: keep versions, count outcomes, queue what waits, release what need not wait any longer. Boundary: every change
 * follows from the input alone; a charge that is being written changes nothing more.
 *
 * Invariant: after the input is laid down, the tables are the view that `decide` looked at, so both see the same items
 * released, in the same order.
 */
import { INDEX_KEY, partKey } from '../pricing/book-tables.ts';
import { receivePart } from '../pricing/price-book-index.ts';
import { type OpenSlot, open, openSlots } from '../pricing/suspense-release.ts';
import { takeTerms, thingsOf } from './arrivals.ts';
import { assessOutcome, type Chargeable, isCharged, isVerified, type Outcome } from './assess-outcome.ts';
import { assessUse, termsThing } from './assess-use.ts';
import { dueFees, firstFee } from './base-fee.ts';
import type { RatingInput, RatingTables } from './model.ts';
import { countMore } from './outcome-charge.ts';
import { holdOutcome, review, settle, suspendUse } from './suspense.ts';

export function evolve(tables: RatingTables, input: RatingInput): void {
  switch (input.topic) {
    case 'usage-events':
      return afterUse(tables, input);
    case 'outcome-decisions':
      return afterDecision(tables, input);
    case 'accounts':
    case 'contracts':
      return afterTerms(tables, input);
    case 'price-books':
      return afterBookPart(tables, input);
    case 'clock-ticks':
      return afterTick(tables, input);
  }
}

function afterUse(tables: RatingTables, { value: use }: RatingInput<'usage-events'>): void {
  const found = assessUse(tables, use);
  if (found.kind === 'blocked') suspendUse(tables, use, found);
}

function afterDecision(tables: RatingTables, { value: decision }: RatingInput<'outcome-decisions'>): void {
  if (!isCharged(decision)) return;
  const found = assessOutcome(tables, decision);
  if (found.kind === 'held') holdOutcome(tables, decision, found);
  else count(tables, decision, found);
}

function afterTerms(tables: RatingTables, input: RatingInput<'accounts' | 'contracts'>): void {
  const receipt = takeTerms(tables, input);
  if (receipt.kind !== 'taken') return;
  const { accountId } = input.value;
  tables.terms.set(accountId, receipt.terms);
  const due = firstFee(tables, accountId, receipt.terms);
  if (due !== null) tables.fees.set(accountId, due.schedule);
  release(tables, [termsThing(accountId)]);
}

function afterBookPart(tables: RatingTables, { value: book }: RatingInput<'price-books'>): void {
  const receipt = receivePart(tables, book);
  if (receipt.kind !== 'taken') return;
  tables.bookParts.set(partKey(book, book.part), book);
  tables.bookIndex.set(INDEX_KEY, receipt.index);
  release(tables, thingsOf(tables, receipt.completed));
}

function afterTick(tables: RatingTables, { value: tick }: RatingInput<'clock-ticks'>): void {
  const due = dueFees(tables, tick.time);
  for (const { accountId, schedule } of due) tables.fees.set(accountId, schedule);
  carryOut(tables, openSlots(tables, tables.queues.due(tick.time), 'still_open'));
}

function release(tables: RatingTables, things: readonly string[]): void {
  for (const thing of things) open(tables, thing);
  carryOut(tables, openSlots(tables, things, 'still_open'));
}

function carryOut(tables: RatingTables, slots: readonly OpenSlot[]): void {
  const reviewed = review(tables, tables, slots);
  settle(tables, slots, reviewed);
  for (const item of reviewed) {
    if (item.kind === 'outcome' && item.found.kind === 'chargeable') {
      count(tables, item.outcome, item.found);
    }
  }
}

function count(tables: RatingTables, outcome: Outcome, { countsKey }: Chargeable): void {
  if (!isVerified(outcome)) return;
  const counts = tables.outcomeCounts.get(countsKey)?.counts ?? [];
  tables.outcomeCounts.set(countsKey, { counts: countMore(counts, outcome.outcomeType) });
}
