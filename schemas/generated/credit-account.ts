// Generated from state/credit-account.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** State of credit-balances: one account's grants and what it owes. */
export interface CreditAccount {
  readonly accountId: AccountId;
  /** Fixed by the first account version or charge; null while only grants or payments wait. */
  readonly currency: string | null;
  /** Whether an account record was read; grants and payments wait for it. */
  readonly known: boolean;
  /** In burn order. */
  readonly grants: readonly CreditGrant[];
  /** What the customer owes beyond its credits: the overdraft. */
  readonly receivable: Amount;
  readonly waitingGrants: readonly WaitingGrant[];
  /** Ids of payments that wait for the account record. */
  readonly waitingPayments: readonly string[];
  /** How many journal entries stand behind it. */
  readonly entries: number;
  readonly asOf: Instant;
  /** The last record that changed it. */
  readonly cause: Cause;
}

/** What remains of a grant; exhausted grants are removed. */
export interface CreditGrant {
  readonly grantId: string;
  readonly remaining: Amount;
  readonly priority: number;
  /** Number of the entry that created it: the last rank of the burn order. */
  readonly sequence: number;
  readonly expiresAt: Instant | null;
}

/** A contract grant that is not booked yet: its account is unknown or its contract not in force. */
export interface WaitingGrant {
  readonly grantId: string;
  readonly amount: Amount;
  readonly priority: number;
  readonly expiresAt: Instant | null;
  readonly effectiveAt: Instant;
  readonly recordedAt: Instant;
  readonly cause: Cause;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
