/**
 * Rule: what rounding an invoice to the payable unit added or took away is booked, so that the book and the invoice
 * ask for the same money (R6).
 *
 * Invariant: an invoice is booked once, when it is issued; drafts move nothing.
 */
import { isNegative, ZERO } from '../../schemas/amount.ts';
import { subtractAmounts } from '../../schemas/amount-arithmetic.ts';
import type { Invoice } from '../../schemas/generated/invoice.ts';
import { type Booking, receive, spend } from './booking.ts';
import { LEDGER } from './chart-of-accounts.ts';
import type { Occasion } from './occasion.ts';
import type { EntryHead } from './posting.ts';

export function roundingEntryId(invoice: Invoice): string {
  return `rounding:${invoice.invoiceId}`;
}

export function needsRounding(invoice: Invoice): boolean {
  return invoice.status === 'issued' && invoice.roundingTotal !== ZERO;
}

/** Rounded up, the customer pays more than its charges; rounded down, the difference comes back as a grant. */
export function bookRounding(invoice: Invoice, occasion: Occasion): Booking {
  const head: EntryHead = {
    entryId: roundingEntryId(invoice),
    kind: 'rounding',
    reference: invoice.invoiceId,
    occurredAt: invoice.issuedAt ?? invoice.periodEnd,
    bookedAt: occasion.recordedAt,
    cause: occasion.cause,
  };
  if (!isNegative(invoice.roundingTotal)) {
    return spend(head, invoice.roundingTotal, { credited: LEDGER.rounding });
  }
  return receive(head, subtractAmounts(ZERO, invoice.roundingTotal), {
    debited: LEDGER.rounding,
    grantId: head.entryId,
  });
}
