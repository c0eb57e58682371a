// Generated from records/invoice-rollup.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';

/** Account x billing period x line class x cost centre, for the ERP. */
export interface InvoiceRollup {
  readonly accountId: AccountId;
  readonly billingPeriod: string;
  readonly lineClass: string;
  readonly costCentre: string;
  readonly currency: string;
  readonly exactAmount: Amount;
  readonly quantity: number;
  readonly charges: number;
  readonly final: boolean;
  readonly cause: Cause;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
