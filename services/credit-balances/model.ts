/**
 * The words of credit-balances: what it reads, what it keeps, what it answers.
 *
 * Boundary: types, the fields that are read of a charge, and the key of a table. The inputs and tables are described here
 * by shape, so that the rules depend on schemas alone; `processor.ts` binds them to topics and changelogged tables.
 */
import type { Account } from '../../schemas/generated/account.ts';
import type { Charge } from '../../schemas/generated/charge.ts';
import type { ClockTick } from '../../schemas/generated/clock-tick.ts';
import type { Contract } from '../../schemas/generated/contract.ts';
import type { CreditAccount } from '../../schemas/generated/credit-account.ts';
import type { CreditBooking } from '../../schemas/generated/credit-booking.ts';
import type { CreditPayment } from '../../schemas/generated/credit-payment.ts';
import type { Invoice } from '../../schemas/generated/invoice.ts';
import type { JournalEntry } from '../../schemas/generated/journal-entry.ts';
import type { PaymentEvent } from '../../schemas/generated/payment-event.ts';
import type { AccountId } from '../../schemas/ids.ts';
import type { Instant } from '../../schemas/instant.ts';
import type { RefusalCode } from '../../schemas/refusals.ts';
import type { Occasion } from './occasion.ts';

/** All that is looked at of a charge; the rest of its record is not decoded. */
export const CHARGE_FIELDS = [
  'accountId',
  'amount',
  'chargeId',
  'currency',
  'occurredAt',
  'status',
] as const satisfies readonly (keyof Charge)[];

export type ChargeRead = Pick<Charge, (typeof CHARGE_FIELDS)[number]>;

interface Taken<Topic extends string, Value> extends Occasion {
  readonly topic: Topic;
  readonly value: Value;
}

export type CreditInput =
  | Taken<'accounts', Account>
  | Taken<'contracts', Contract>
  | Taken<'payment-events', PaymentEvent>
  | Taken<'charges', ChargeRead>
  | Taken<'invoices', Invoice>
  | Taken<'clock-ticks', ClockTick>;

interface Rows<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  due(now: Instant): readonly string[];
}

export interface Books {
  /** By account id. */
  readonly accounts: Rows<CreditAccount>;
  /** By `scopedKey(accountId, paymentId)`. */
  readonly payments: Rows<CreditPayment>;
  /** Grants and roundings that are booked, by `scopedKey(accountId, entryId)`. */
  readonly bookings: Rows<CreditBooking>;
}

export interface Refused {
  readonly topic: 'rejected';
  readonly code: RefusalCode;
  readonly field: string | null;
  readonly message: string;
  readonly accountId: AccountId;
  readonly recordId: string;
}

export interface Booked {
  readonly topic: 'journal';
  readonly key: string;
  readonly value: JournalEntry;
}

/** Account ids hold no slash, so the parts cannot run together. */
export function scopedKey(accountId: AccountId, id: string): string {
  return `${accountId}/${id}`;
}
