/**
 * What one input means for what customers owe.
 *
 * Job: answer with charges and refusals; one rule per input topic, each in its own file. Boundary: nothing is written
 * here; `evolve.ts` lays the same input down afterwards.
 *
 * Invariants:
 *  1. An admitted use has exactly one charge of kind `usage`; what it lacks comes as a transient refusal besides.
 *  2. A version of an account, contract or price book changes nothing that is already rated.
 *  3. Totals do not depend on the order of arrival.
 */
import type { Charge } from '../../schemas/generated/charge.ts';
import type { OutcomeDecision } from '../../schemas/generated/outcome-decision.ts';
import type { OutcomeCount } from '../../schemas/generated/rating-outcome-counts.ts';
import { receivePart } from '../pricing/price-book-index.ts';
import { type OpenSlot, openSlots } from '../pricing/suspense-release.ts';
import { takeTerms, thingsOf, withBookPart, withTerms } from './arrivals.ts';
import { assessOutcome, type Chargeable, isCharged, isVerified, type Outcome } from './assess-outcome.ts';
import { assessUse, termsThing } from './assess-use.ts';
import { dueFees, feeCharge, firstFee } from './base-fee.ts';
import type { Origin, RatingInput, RatingOutput, RatingTables, View } from './model.ts';
import { countMore } from './outcome-charge.ts';
import { outcomeCharge } from './outcome-record.ts';
import { review } from './suspense.ts';
import { backfillCharge, ratedCharge, suspenseCharge } from './usage-charge.ts';

export function decide(tables: RatingTables, input: RatingInput): readonly RatingOutput[] {
  switch (input.topic) {
    case 'usage-events':
      return onUse(tables, input);
    case 'outcome-decisions':
      return onDecision(tables, input);
    case 'accounts':
    case 'contracts':
      return onTerms(tables, input);
    case 'price-books':
      return onBookPart(tables, input);
    case 'clock-ticks':
      return onTick(tables, input);
  }
}

function onUse(tables: RatingTables, input: RatingInput<'usage-events'>): readonly RatingOutput[] {
  const use = input.value;
  const found = assessUse(tables, use);
  if (found.kind === 'priceable') return [charged(ratedCharge(use, found, input))];
  const { code, field, message } = found;
  const { accountId, requestId: recordId } = use;
  return [
    charged(suspenseCharge(use, found, input)),
    { topic: 'rejected', code, field, message, accountId, recordId },
  ];
}

function onDecision(tables: RatingTables, input: RatingInput<'outcome-decisions'>): readonly RatingOutput[] {
  const decision = input.value;
  if (!decision.billable) return [];
  if (!isCharged(decision)) return [unknownBasis(decision)];
  const found = assessOutcome(tables, decision);
  if (found.kind === 'chargeable') {
    const counts = tables.outcomeCounts.get(found.countsKey)?.counts ?? [];
    return [charged(outcomeCharge({ outcome: decision, found, counts, origin: input }))];
  }
  const { code, field, message } = found;
  const { accountId, decisionId: recordId } = decision;
  return [{ topic: 'rejected', code, field, message, accountId, recordId }];
}

function onTerms(
  tables: RatingTables,
  input: RatingInput<'accounts' | 'contracts'>,
): readonly RatingOutput[] {
  const receipt = takeTerms(tables, input);
  if (receipt.kind === 'known') return [];
  const { accountId, version } = input.value;
  if (receipt.kind === 'refused') {
    const { code, field, message } = receipt;
    const id = input.topic === 'accounts' ? accountId : input.value.contractId;
    return [{ topic: 'rejected', code, field, message, accountId, recordId: `${id}@${version}` }];
  }
  const due = firstFee(tables, accountId, receipt.terms);
  const fee = due === null ? null : feeCharge(due, input);
  const slots = openSlots(tables, [termsThing(accountId)], 'arrived');
  const view = withTerms(tables, accountId, receipt.terms);
  return [...(fee === null ? [] : [charged(fee)]), ...releases(tables, { view, slots, origin: input })];
}

function onBookPart(tables: RatingTables, input: RatingInput<'price-books'>): readonly RatingOutput[] {
  const book = input.value;
  const receipt = receivePart(tables, book);
  if (receipt.kind === 'known') return [];
  if (receipt.kind === 'refused') {
    const { code, field, message } = receipt;
    const recordId = `${book.priceBookId}@${book.version}`;
    return [{ topic: 'rejected', code, field, message, accountId: null, recordId }];
  }
  const view = withBookPart(tables, receipt.index, book);
  const slots = openSlots(tables, thingsOf(view, receipt.completed), 'arrived');
  return releases(tables, { view, slots, origin: input });
}

function onTick(tables: RatingTables, input: RatingInput<'clock-ticks'>): readonly RatingOutput[] {
  const now = input.value.time;
  const fees = dueFees(tables, now).map((due) => feeCharge(due, input));
  const slots = openSlots(tables, tables.queues.due(now), 'still_open');
  return [
    ...fees.filter((fee) => fee !== null).map(charged),
    ...releases(tables, { view: tables, slots, origin: input }),
  ];
}

interface Arrival {
  readonly view: View;
  readonly slots: readonly OpenSlot[];
  readonly origin: Origin;
}

/** Charges for everything in these slots that can now be priced. Outcomes count one after the other. */
function releases(tables: RatingTables, { view, slots, origin }: Arrival): readonly RatingOutput[] {
  const counted = new Map<string, readonly OutcomeCount[]>();
  const countOutcome = (outcome: Outcome, found: Chargeable): Charge => {
    const key = found.countsKey;
    const counts = counted.get(key) ?? tables.outcomeCounts.get(key)?.counts ?? [];
    if (isVerified(outcome)) counted.set(key, countMore(counts, outcome.outcomeType));
    return outcomeCharge({ outcome, found, counts, origin });
  };
  const outputs: RatingOutput[] = [];
  for (const item of review(tables, view, slots)) {
    if (item.kind === 'use' && item.found.kind === 'priceable') {
      outputs.push(charged(backfillCharge(item.use, item.found, origin)));
    } else if (item.kind === 'outcome' && item.found.kind === 'chargeable') {
      outputs.push(charged(countOutcome(item.outcome, item.found)));
    }
  }
  return outputs;
}

function unknownBasis(decision: OutcomeDecision): RatingOutput {
  return {
    topic: 'rejected',
    code: 'invalid_value',
    field: 'basis',
    message: `${decision.basis} is neither verification nor fallback`,
    accountId: decision.accountId,
    recordId: decision.decisionId,
  };
}

function charged(charge: Charge): RatingOutput {
  return { topic: 'charges', key: charge.accountId, value: charge };
}
