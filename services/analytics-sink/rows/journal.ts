/**
 * Journal entries as rows of `journal`, one per posting (the reason is in the table's definition).
 *
 * Invariant: a side that is neither debit nor credit is an error, so that no posting lands in neither column.
 */
import { type Amount, ZERO } from '../../../schemas/amount.ts';
import type { JournalEntry, Posting } from '../../../schemas/generated/journal-entry.ts';
import { tableOfParts } from '../table.ts';

interface Leg {
  readonly entry: JournalEntry;
  readonly posting: Posting;
  readonly index: number;
}

export const journalTable = tableOfParts<JournalEntry, Leg>('journal', legsOf, [
  ['entry_id', (out, { entry }) => out.text(entry.entryId)],
  ['posting_index', (out, { index }) => out.integer(index)],
  ['postings', (out, { entry }) => out.integer(entry.postings.length)],
  ['account_id', (out, { entry }) => out.text(entry.accountId)],
  ['kind', (out, { entry }) => out.text(entry.kind)],
  ['currency', (out, { entry }) => out.text(entry.currency)],
  ['ledger_account', (out, { posting }) => out.text(posting.ledgerAccount)],
  ['side', (out, { posting }) => out.text(posting.side)],
  ['debit', (out, { posting }) => out.amount(amountOn('debit', posting))],
  ['credit', (out, { posting }) => out.amount(amountOn('credit', posting))],
  ['grant_id', (out, { posting }) => out.text(posting.grantId)],
  ['reference', (out, { entry }) => out.text(entry.reference)],
  ['occurred_at', (out, { entry }) => out.instant(entry.occurredAt)],
  ['booked_at', (out, { entry }) => out.instant(entry.bookedAt)],
  ['cause_topic', (out, { entry }) => out.text(entry.cause.topic)],
  ['cause_partition', (out, { entry }) => out.integer(entry.cause.partition)],
  ['cause_offset', (out, { entry }) => out.integer(entry.cause.offset)],
]);

function legsOf(entry: JournalEntry): readonly Leg[] {
  return entry.postings.map((posting, index) => ({ entry, posting, index }));
}

function amountOn(side: 'debit' | 'credit', posting: Posting): Amount {
  if (posting.side !== 'debit' && posting.side !== 'credit') {
    throw new Error(
      `a posting is on the side ${JSON.stringify(posting.side)}, which is neither debit nor credit`,
    );
  }
  return posting.side === side ? posting.amount : ZERO;
}
