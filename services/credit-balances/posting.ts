/**
 * Postings and the entry that holds them.
 *
 * Invariant: no entry leaves this file unless its debits equal its credits and no amount is negative or zero (L1).
 */
import { type Amount, formatAmount } from '../../schemas/amount.ts';
import type { CreditAccount } from '../../schemas/generated/credit-account.ts';
import type { Cause, JournalEntry, Posting } from '../../schemas/generated/journal-entry.ts';
import type { Instant } from '../../schemas/instant.ts';
import type { LedgerAccount } from './chart-of-accounts.ts';

/** Everything about an entry but its money. */
export interface EntryHead {
  readonly entryId: string;
  readonly kind: 'charge' | 'payment' | 'grant' | 'expiry' | 'rounding';
  readonly reference: string;
  readonly occurredAt: Instant;
  readonly bookedAt: Instant;
  readonly cause: Cause;
}

export function debit(ledgerAccount: LedgerAccount, amount: Amount, grantId: string | null): Posting {
  return { ledgerAccount, side: 'debit', amount, grantId };
}

export function credit(ledgerAccount: LedgerAccount, amount: Amount, grantId: string | null): Posting {
  return { ledgerAccount, side: 'credit', amount, grantId };
}

export function entryOf(account: CreditAccount, head: EntryHead, postings: readonly Posting[]): JournalEntry {
  if (account.currency === null) throw new Error(`${head.entryId}: the account has no currency yet`);
  assertBalanced(head.entryId, postings);
  return {
    entryId: head.entryId,
    accountId: account.accountId,
    kind: head.kind,
    currency: account.currency,
    postings,
    reference: head.reference,
    occurredAt: head.occurredAt,
    bookedAt: head.bookedAt,
    cause: head.cause,
  };
}

function assertBalanced(entryId: string, postings: readonly Posting[]): void {
  let sum = 0n;
  for (const posting of postings) {
    if (posting.amount <= 0n) {
      throw new Error(`${entryId}: a posting of ${formatAmount(posting.amount)} is not above zero`);
    }
    sum += posting.side === 'debit' ? posting.amount : -posting.amount;
  }
  if (sum !== 0n) throw new Error(`${entryId}: debits and credits differ by ${sum} units of 1e-12`);
}
