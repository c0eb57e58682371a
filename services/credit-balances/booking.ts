/**
 * Bookings: an entry that waits for the account, because each entry of one decision sees what the ones before it left.
 *
 * Boundary: the two shapes that every kind of entry has. Whether something is booked at all is decided by the rules.
 *
 * Invariant: the ids of entries follow from what is booked, so booking the same thing twice gives the same id twice.
 */
import type { Amount } from '../../schemas/amount.ts';
import type { CreditAccount } from '../../schemas/generated/credit-account.ts';
import type { JournalEntry } from '../../schemas/generated/journal-entry.ts';
import { applyEntry } from './apply-entry.ts';
import { burn, settle } from './burn.ts';
import type { LedgerAccount } from './chart-of-accounts.ts';
import type { Booked } from './model.ts';
import { credit, debit, type EntryHead, entryOf } from './posting.ts';

export type Booking = (account: CreditAccount) => JournalEntry;

/** The customer's credits pay `amount`, and what they cannot pay is owed. */
export function spend(
  head: EntryHead,
  amount: Amount,
  to: { readonly credited: LedgerAccount; readonly firstGrantId?: string },
): Booking {
  return (account) =>
    entryOf(account, head, [
      ...burn(account, amount, to.firstGrantId ?? null),
      credit(to.credited, amount, null),
    ]);
}

/** The customer receives `amount`: a debt is settled first, the rest becomes the grant `grantId`. */
export function receive(
  head: EntryHead,
  amount: Amount,
  from: { readonly debited: LedgerAccount; readonly grantId: string },
): Booking {
  return (account) =>
    entryOf(account, head, [debit(from.debited, amount, null), ...settle(account, amount, from.grantId)]);
}

/** Books one after the other on a copy of the account, which is how `evolve` will see them. */
export function bookInTurn(account: CreditAccount, bookings: readonly Booking[]): readonly Booked[] {
  const booked: Booked[] = [];
  let current = account;
  for (const booking of bookings) {
    const entry = booking(current);
    booked.push({ topic: 'journal', key: entry.accountId, value: entry });
    current = applyEntry(current, entry);
  }
  return booked;
}
