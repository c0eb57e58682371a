/**
 * The words of invoice-rollups: what it reads, what it keeps, what it answers.
 *
 * Boundary: types, keys, the fields that are read of a charge, and the empty account. Inputs and tables are described by
 * shape, so that the rules depend on schemas alone; `processor.ts` binds them to topics and changelogged tables.
 */
import type { Account } from '../../schemas/generated/account.ts';
import type { Cause, Charge, ChargeComponent } from '../../schemas/generated/charge.ts';
import type { ClockTick } from '../../schemas/generated/clock-tick.ts';
import type { Invoice } from '../../schemas/generated/invoice.ts';
import type { InvoiceAccount } from '../../schemas/generated/invoice-account.ts';
import type { InvoiceCell } from '../../schemas/generated/invoice-cell.ts';
import type { InvoiceDraft } from '../../schemas/generated/invoice-draft.ts';
import type { InvoiceItem } from '../../schemas/generated/invoice-item.ts';
import type { InvoiceRollup } from '../../schemas/generated/invoice-rollup.ts';
import type { AccountId } from '../../schemas/ids.ts';
import type { Instant } from '../../schemas/instant.ts';
import type { RefusalCode } from '../../schemas/refusals.ts';

/** All that is looked at of a charge; the rest of its record is not decoded. */
export const CHARGE_FIELDS = [
  'accountId',
  'amount',
  'chargeId',
  'components.quantity',
  'costCentre',
  'currency',
  'lineClass',
  'occurredAt',
  'status',
] as const satisfies readonly (keyof Charge | `components.${keyof ChargeComponent}`)[];

export type ChargeRead = Pick<Charge, Extract<(typeof CHARGE_FIELDS)[number], keyof Charge>> & {
  readonly components: readonly Pick<ChargeComponent, 'quantity'>[];
};

/** When and why something is decided: the place and append time of the record under way, and stream time. */
interface Taken<Topic extends string, Value> {
  readonly topic: Topic;
  readonly value: Value;
  readonly recordedAt: Instant;
  readonly streamTime: Instant | null;
  readonly cause: Cause;
}

export type InvoiceInput =
  | Taken<'accounts', Account>
  | Taken<'charges', ChargeRead>
  | Taken<'clock-ticks', ClockTick>;

export type InputOf<Topic extends InvoiceInput['topic']> = Extract<InvoiceInput, { readonly topic: Topic }>;

interface Rows<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  due(now: Instant): readonly string[];
}

export interface Desk {
  /** By account id. */
  readonly accounts: Rows<InvoiceAccount>;
  /** By `accountId/period`. */
  readonly drafts: Rows<InvoiceDraft>;
  /** By `accountId/period/lineClass/costCentre`. */
  readonly cells: Rows<InvoiceCell>;
  /** Charges of accounts not known yet, by `accountId/number`. */
  readonly waiting: Rows<InvoiceItem>;
}

export type InvoiceOutput =
  | { readonly topic: 'invoices'; readonly key: string; readonly value: Invoice }
  | { readonly topic: 'invoice-rollups'; readonly key: string; readonly value: InvoiceRollup };

export interface Refused {
  readonly topic: 'rejected';
  readonly code: RefusalCode;
  readonly field: string | null;
  readonly message: string;
  readonly accountId: AccountId;
  readonly recordId: string;
}
