// Generated from records/journal-entry.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** A balanced set of postings booked at once: debits equal credits, amounts never negative (L1). */
export interface JournalEntry {
  readonly entryId: string;
  readonly accountId: AccountId;
  /** charge, payment, grant, expiry or rounding. */
  readonly kind: string;
  readonly currency: string;
  readonly postings: readonly Posting[];
  /** Id of the charge, payment, grant or invoice booked. */
  readonly reference: string;
  readonly occurredAt: Instant;
  /** Append time of the cause. */
  readonly bookedAt: Instant;
  readonly cause: Cause;
}

export interface Posting {
  readonly ledgerAccount: string;
  /** debit or credit. */
  readonly side: string;
  readonly amount: Amount;
  readonly grantId: string | null;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
