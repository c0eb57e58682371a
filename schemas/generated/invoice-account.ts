// Generated from state/invoice-account.avsc by npm run generate; do not edit.
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** State of invoice-rollups: what an account's periods depend on. */
export interface InvoiceAccount {
  readonly accountId: AccountId;
  /** Null while only charges were seen. */
  readonly currency: string | null;
  /** By effectiveAt, then version. */
  readonly zones: readonly ZoneFrom[];
  /** How many charges wait for the account record. */
  readonly waiting: number;
  /** The last billing period whose invoice was issued. */
  readonly closedThrough: string | null;
}

/** The time zone from an instant on. */
export interface ZoneFrom {
  readonly effectiveAt: Instant;
  readonly version: number;
  readonly timeZone: string;
}
