/**
 * How the desk changes: charges are added to the open period of their account, closed periods are put away.
 *
 * Invariant: a charge that cannot be placed yet is kept whole, and placed as if it had come with its account.
 */
import type { Invoice } from '../../schemas/generated/invoice.ts';
import type { InvoiceAccount } from '../../schemas/generated/invoice-account.ts';
import type { InvoiceItem } from '../../schemas/generated/invoice-item.ts';
import type { InvoiceRollup } from '../../schemas/generated/invoice-rollup.ts';
import { accountProblem, withRecord } from './account-record.ts';
import { addToPeriod } from './booking.ts';
import { isInvoiced, itemOf } from './item.ts';
import { cellKey, draftKey, waitingKey } from './keys.ts';
import type { Desk, InputOf, InvoiceInput, InvoiceOutput } from './model.ts';
import { type Closing, periodFor } from './open-period.ts';
import { keepWaiting, waitingItems } from './waiting.ts';

export function evolve(desk: Desk, fact: InvoiceInput | InvoiceOutput, closeGraceMs: number): void {
  switch (fact.topic) {
    case 'charges':
      evolveCharge(desk, fact, closeGraceMs);
      break;
    case 'accounts':
      evolveAccount(desk, fact, closeGraceMs);
      break;
    case 'invoices':
      evolveInvoice(desk, fact.value);
      break;
    case 'invoice-rollups':
      evolveRollup(desk, fact.value);
      break;
    case 'clock-ticks':
      break;
  }
}

function evolveCharge(desk: Desk, input: InputOf<'charges'>, closeGraceMs: number): void {
  if (!isInvoiced(input.value)) return;
  const { accountId } = input.value;
  const account = desk.accounts.get(accountId);
  if (account !== undefined && account.currency !== null) {
    place(desk, account, { item: itemOf(input), closeGraceMs, streamTime: input.streamTime });
    return;
  }
  keepWaiting(desk, account, itemOf(input));
}

function evolveAccount(desk: Desk, input: InputOf<'accounts'>, closeGraceMs: number): void {
  const { value, streamTime } = input;
  const known = desk.accounts.get(value.accountId);
  if (accountProblem(known, value) !== null) return;
  const account = withRecord(known, value);
  if (account === known) return;
  desk.accounts.set(value.accountId, account);
  waitingItems(desk, known).forEach((item, number) => {
    place(desk, account, { item, closeGraceMs, streamTime });
    desk.waiting.delete(waitingKey(value.accountId, number));
  });
}

interface Placing extends Closing {
  readonly item: InvoiceItem;
}

function place(desk: Desk, account: InvoiceAccount, { item, ...closing }: Placing): void {
  if (item.currency !== account.currency) return;
  addToPeriod(desk, item, periodFor(account, item.occurredAt, closing));
}

function evolveInvoice(desk: Desk, invoice: Invoice): void {
  if (invoice.status !== 'issued') return;
  const { accountId, billingPeriod } = invoice;
  desk.drafts.delete(draftKey(accountId, billingPeriod));
  const account = desk.accounts.get(accountId);
  if (account === undefined) throw new Error(`${invoice.invoiceId}: issued for an account that is not known`);
  if (account.closedThrough !== null && account.closedThrough >= billingPeriod) return;
  desk.accounts.set(accountId, { ...account, closedThrough: billingPeriod });
}

function evolveRollup(
  desk: Desk,
  { accountId, billingPeriod, lineClass, costCentre, final }: InvoiceRollup,
): void {
  if (final) desk.cells.delete(cellKey(draftKey(accountId, billingPeriod), lineClass, costCentre));
}
