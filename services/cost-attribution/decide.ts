/**
 * What one input means for what a use costs us.
 *
 * Job: answer with cost events and refusals. Boundary: nothing is written here; `evolve.ts` lays the input down.
 *
 * Invariants:
 *  1. An admitted use has exactly one cost event that amends nothing; where a price lacks, a transient refusal besides.
 *  2. A version of a price book changes nothing that is already costed.
 *  3. Totals do not depend on the order of arrival.
 */
import { receivePart } from '../pricing/price-book-index.ts';
import { openSlots } from '../pricing/suspense-release.ts';
import { assessCost } from './assess-cost.ts';
import { backfillEvent, costEvent, suspenseEvent } from './cost-event.ts';
import type { CostInput, CostOutput, CostTables } from './model.ts';
import { type Reviewed, review, thingsOf, withBookPart } from './suspense.ts';

export function decide(tables: CostTables, input: CostInput): readonly CostOutput[] {
  switch (input.topic) {
    case 'usage-events':
      return onUse(tables, input);
    case 'price-books':
      return onBookPart(tables, input);
    case 'clock-ticks':
      return onTick(tables, input);
  }
}

function onUse(tables: CostTables, input: CostInput<'usage-events'>): readonly CostOutput[] {
  const use = input.value;
  const key = use.accountId;
  const found = assessCost(tables, use);
  if (found.kind === 'priced') return [{ topic: 'cost-events', key, value: costEvent(input, found) }];
  const { accountId, requestId: recordId } = use;
  const message = `no cost price for ${found.field} of ${use.provider}/${use.model}`;
  return [
    { topic: 'cost-events', key, value: suspenseEvent(input) },
    { topic: 'rejected', code: 'price_missing', field: found.field, message, accountId, recordId },
  ];
}

function onBookPart(tables: CostTables, input: CostInput<'price-books'>): readonly CostOutput[] {
  const book = input.value;
  const receipt = receivePart(tables, book);
  if (receipt.kind === 'known') return [];
  if (receipt.kind === 'refused') {
    const { code, field, message } = receipt;
    const recordId = `${book.priceBookId}@${book.version}`;
    return [{ topic: 'rejected', code, field, message, accountId: null, recordId }];
  }
  const books = withBookPart(tables, receipt.index, book);
  const slots = openSlots(tables, thingsOf(books, receipt.completed), 'arrived');
  return backfills(review(tables, books, slots), input);
}

function onTick(tables: CostTables, input: CostInput<'clock-ticks'>): readonly CostOutput[] {
  const slots = openSlots(tables, tables.queues.due(input.value.time), 'still_open');
  return backfills(review(tables, tables, slots), input);
}

function backfills(
  reviewed: readonly Reviewed[],
  { cause }: Pick<CostInput, 'cause'>,
): readonly CostOutput[] {
  return reviewed.flatMap(({ suspended, found }) =>
    found.kind === 'priced'
      ? [{ topic: 'cost-events', key: suspended.accountId, value: backfillEvent(suspended, found, cause) }]
      : [],
  );
}
