// Generated from state/invoice-cell.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** State of invoice-rollups: one rollup of an open period; removed when it is final. */
export interface InvoiceCell {
  readonly accountId: AccountId;
  readonly currency: string;
  readonly period: string;
  readonly periodEnd: Instant;
  readonly lineClass: string;
  readonly costCentre: string;
  readonly exactAmount: Amount;
  readonly quantity: number;
  readonly charges: number;
  readonly cause: Cause;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
