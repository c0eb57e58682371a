// Generated from records/balance.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** The balance of one account, derived from the journal (a projection; compacted by account). */
export interface Balance {
  readonly accountId: AccountId;
  readonly currency: string;
  readonly available: Amount;
  readonly reserved: Amount;
  readonly held: Amount;
  readonly overdraft: Amount;
  readonly grants: readonly GrantBalance[];
  /** How many journal entries stand behind it. */
  readonly entries: number;
  readonly asOf: Instant;
  readonly cause: Cause;
}

export interface GrantBalance {
  readonly grantId: string;
  readonly remaining: Amount;
  readonly priority: number;
  readonly expiresAt: Instant | null;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
