// Generated from state/invoice-draft.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** State of invoice-rollups: the sums behind one draft; removed when it is issued. */
export interface InvoiceDraft {
  readonly accountId: AccountId;
  readonly currency: string;
  readonly period: string;
  readonly periodStart: Instant;
  readonly periodEnd: Instant;
  /** By lineClass. */
  readonly lines: readonly DraftLine[];
  readonly charges: number;
  readonly cause: Cause;
}

/** Exact sum of a line. */
export interface DraftLine {
  readonly lineClass: string;
  readonly exactAmount: Amount;
  readonly quantity: number;
  readonly charges: number;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
