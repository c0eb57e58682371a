// Generated from records/invoice.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** The state of one invoice: live draft, then issued, which is final (I1). Each line is rounded once (R6). */
export interface Invoice {
  readonly invoiceId: string;
  /** BILL-account-YYYYMM. */
  readonly invoiceNumber: string;
  readonly accountId: AccountId;
  /** YYYY-MM in the account's time zone. */
  readonly billingPeriod: string;
  readonly periodStart: Instant;
  /** Exclusive. */
  readonly periodEnd: Instant;
  readonly currency: string;
  /** draft or issued. */
  readonly status: string;
  readonly version: number;
  readonly lines: readonly InvoiceLine[];
  readonly exactTotal: Amount;
  readonly total: Amount;
  readonly roundingTotal: Amount;
  readonly issuedAt: Instant | null;
  readonly cause: Cause;
}

export interface InvoiceLine {
  readonly lineClass: string;
  readonly description: string;
  readonly quantity: number;
  readonly charges: number;
  readonly exactAmount: Amount;
  /** Rounded half to even at the currency's minor unit. */
  readonly amount: Amount;
  /** amount minus exactAmount, carried to the rounding account; may be negative. */
  readonly rounding: Amount;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
