// Generated from records/account.avsc by npm run generate; do not edit.
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** A billing account: who pays, in which currency and time zone. A version replaces the one before from effectiveAt. */
export interface Account {
  readonly accountId: AccountId;
  readonly version: number;
  readonly name: string;
  /** ISO 4217. */
  readonly currency: string;
  /** IANA zone; billing periods are its calendar months (I1). */
  readonly timeZone: string;
  /** active or closed. */
  readonly status: string;
  readonly effectiveAt: Instant;
}
