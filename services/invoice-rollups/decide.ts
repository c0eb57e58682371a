/**
 * What follows from each input: refusals, and at the end of a period its issued invoice and final rollups.
 *
 * Boundary: reads the desk and never writes it. Drafts and live rollups are projections (`processor.ts`).
 *
 * Invariants:
 *  1. A period is issued exactly once: its draft is there until then and gone afterwards.
 *  2. A charge is either invoiced, waiting for its account, in suspense, or refused for its currency.
 */
import { formatAmount } from '../../schemas/amount.ts';
import type { InvoiceItem } from '../../schemas/generated/invoice-item.ts';
import type { Instant } from '../../schemas/instant.ts';
import { accountProblem } from './account-record.ts';
import { invoiceOf, rollupOf } from './invoice.ts';
import { isInvoiced } from './item.ts';
import type { ChargeRead, Desk, InputOf, InvoiceInput, InvoiceOutput, Refused } from './model.ts';
import { waitingItems } from './waiting.ts';

/** One tick issues at most this many invoices and this many final rollups; the rest follows with the next one. */
export const duePerTickMax = 20_000;

export function decide(desk: Desk, input: InvoiceInput): readonly (InvoiceOutput | Refused)[] {
  switch (input.topic) {
    case 'charges':
      return decideCharge(desk, input);
    case 'accounts':
      return decideAccount(desk, input);
    case 'clock-ticks':
      return decideTick(desk, input);
  }
}

function decideCharge(desk: Desk, { value }: InputOf<'charges'>): readonly Refused[] {
  const currency = desk.accounts.get(value.accountId)?.currency ?? null;
  if (value.status !== 'suspense' && !isInvoiced(value)) return [notReal(value)];
  if (!isInvoiced(value) || currency === null || currency === value.currency) return [];
  return [mismatch(value)];
}

function decideAccount(desk: Desk, { value }: InputOf<'accounts'>): readonly Refused[] {
  const known = desk.accounts.get(value.accountId);
  const problem = accountProblem(known, value);
  if (problem !== null) {
    const message = `version ${value.version} of the account is not taken`;
    return [
      { topic: 'rejected', ...problem, message, accountId: value.accountId, recordId: value.accountId },
    ];
  }
  return waitingItems(desk, known)
    .filter((item) => item.currency !== value.currency)
    .map(mismatch);
}

function decideTick(
  desk: Desk,
  { streamTime, cause, value }: InputOf<'clock-ticks'>,
): readonly InvoiceOutput[] {
  const now: Instant = streamTime ?? value.time;
  const issued = desk.drafts
    .due(now)
    .slice(0, duePerTickMax)
    .flatMap((key): readonly InvoiceOutput[] => {
      const draft = desk.drafts.get(key);
      if (draft === undefined) return [];
      const invoice = invoiceOf(draft, { issuedAt: now, cause });
      return [{ topic: 'invoices', key: draft.accountId, value: invoice }];
    });
  const final = desk.cells
    .due(now)
    .slice(0, duePerTickMax)
    .flatMap((key): readonly InvoiceOutput[] => {
      const cell = desk.cells.get(key);
      if (cell === undefined) return [];
      return [{ topic: 'invoice-rollups', key: cell.accountId, value: rollupOf(cell, cause) }];
    });
  return [...issued, ...final];
}

function notReal({ accountId, chargeId, amount }: ChargeRead): Refused {
  const message = `a charge of ${formatAmount(amount)} is not real`;
  return {
    topic: 'rejected',
    code: 'invalid_value',
    field: 'amount',
    message,
    accountId,
    recordId: chargeId,
  };
}

function mismatch(charge: Pick<InvoiceItem, 'accountId' | 'chargeId' | 'currency'>): Refused {
  return {
    topic: 'rejected',
    code: 'currency_mismatch',
    field: 'currency',
    message: `${charge.currency} is not the currency of the account`,
    accountId: charge.accountId,
    recordId: charge.chargeId,
  };
}
