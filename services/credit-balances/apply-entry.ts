/**
 * What one journal entry does to an account: the only place where credits and debt change.
 *
 * Invariants:
 *  1. The new state follows from the old one and the entry alone, so the state can be rebuilt from the journal.
 *  2. No grant goes below zero and no debt either: an entry that would do so is a broken invariant and stops the task.
 *  3. An exhausted grant is removed, so the state of an account stays as small as what it has left.
 */
import { type Amount, isNegative } from '../../schemas/amount.ts';
import { addAmounts, subtractAmounts } from '../../schemas/amount-arithmetic.ts';
import type { CreditAccount, CreditGrant } from '../../schemas/generated/credit-account.ts';
import type { JournalEntry, Posting } from '../../schemas/generated/journal-entry.ts';
import { compareBurnOrder } from './burn.ts';
import { LEDGER } from './chart-of-accounts.ts';
import { later } from './occasion.ts';

/** Cash burns after the promotional credits of a contract unless the contract says otherwise. */
const PAYMENT_PRIORITY = 100;
/** Money that we give back burns first. */
const RETURNED_PRIORITY = 0;

export function applyEntry(account: CreditAccount, entry: JournalEntry): CreditAccount {
  let grants = account.grants;
  let receivable = account.receivable;
  for (const posting of entry.postings) {
    if (posting.ledgerAccount === LEDGER.credits) grants = withPosting(account, grants, { entry, posting });
    else if (posting.ledgerAccount === LEDGER.receivable) {
      receivable = moved(receivable, posting.amount, posting.side === 'debit');
    }
  }
  if (isNegative(receivable)) throw new Error(`${entry.entryId}: settles more than is owed`);
  return {
    ...account,
    grants,
    receivable,
    waitingGrants:
      entry.kind === 'grant'
        ? account.waitingGrants.filter((grant) => grant.grantId !== entry.reference)
        : account.waitingGrants,
    entries: account.entries + 1,
    asOf: later(entry.bookedAt, account.asOf),
    cause: entry.cause,
  };
}

function moved(balance: Amount, amount: Amount, grows: boolean): Amount {
  return grows ? addAmounts(balance, amount) : subtractAmounts(balance, amount);
}

interface GrantPosting {
  readonly entry: JournalEntry;
  readonly posting: Posting;
}

function withPosting(
  account: CreditAccount,
  grants: readonly CreditGrant[],
  { entry, posting }: GrantPosting,
): readonly CreditGrant[] {
  const place = grants.findIndex((grant) => grant.grantId === posting.grantId);
  const grant = grants[place];
  if (grant === undefined) {
    if (posting.side === 'debit') throw new Error(`${entry.entryId}: burns a grant that is not there`);
    return [...grants, newGrant(account, { entry, posting })].sort(compareBurnOrder);
  }
  const remaining = moved(grant.remaining, posting.amount, posting.side === 'credit');
  if (isNegative(remaining)) throw new Error(`${entry.entryId}: burns more than ${grant.grantId} has left`);
  return remaining === 0n ? grants.toSpliced(place, 1) : grants.with(place, { ...grant, remaining });
}

function newGrant(account: CreditAccount, { entry, posting }: GrantPosting): CreditGrant {
  const terms = account.waitingGrants.find((grant) => grant.grantId === posting.grantId);
  return {
    grantId: posting.grantId ?? entry.reference,
    remaining: posting.amount,
    priority: terms?.priority ?? (entry.kind === 'payment' ? PAYMENT_PRIORITY : RETURNED_PRIORITY),
    sequence: account.entries,
    expiresAt: terms?.expiresAt ?? null,
  };
}
