/**
 * Rule: a charge goes to the period in which the service was used, or, if that is closed, to the open one.
 *
 * Invariants:
 *  1. A closed period is never given another charge. A period is closed once stream time reaches its end and grace,
 *     whether or not it had an invoice, and also once its invoice was issued.
 *  2. The charge itself keeps its `occurredAt`; only the invoice that asks for it is a later one.
 */
import { type BillingPeriod, billingPeriodOf } from '../../schemas/billing-period.ts';
import type { InvoiceAccount } from '../../schemas/generated/invoice-account.ts';
import type { Instant } from '../../schemas/instant.ts';
import { zoneAt } from './account-record.ts';

export interface Closing {
  readonly closeGraceMs: number;
  readonly streamTime: Instant | null;
}

export function periodFor(account: InvoiceAccount, occurredAt: Instant, closing: Closing): BillingPeriod {
  const used = periodAt(account, occurredAt);
  if (!isClosed(account, used, closing)) return used;
  let open = periodAt(account, closing.streamTime ?? occurredAt);
  while (isClosed(account, open, closing)) open = billingPeriodOf(open.end, zoneAt(account, open.start));
  return open;
}

function periodAt(account: InvoiceAccount, instant: Instant): BillingPeriod {
  return billingPeriodOf(instant, zoneAt(account, instant));
}

function isClosed(account: InvoiceAccount, { period, end }: BillingPeriod, closing: Closing): boolean {
  if (closing.streamTime !== null && end + closing.closeGraceMs <= closing.streamTime) return true;
  return account.closedThrough !== null && period <= account.closedThrough;
}
