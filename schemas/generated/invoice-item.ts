// Generated from state/invoice-item.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** State of invoice-rollups: what an invoice needs of a charge, kept while its account is unknown. */
export interface InvoiceItem {
  readonly chargeId: string;
  readonly accountId: AccountId;
  readonly lineClass: string;
  readonly costCentre: string | null;
  readonly amount: Amount;
  readonly currency: string;
  readonly quantity: number;
  readonly occurredAt: Instant;
  readonly cause: Cause;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
