/**
 * Rule: a charge of an account not known yet has no time zone, so no period; it waits for the account record.
 *
 * Invariant: charges wait under numbers from zero without gaps, so that all of them are found when the account comes.
 */
import type { InvoiceAccount } from '../../schemas/generated/invoice-account.ts';
import type { InvoiceItem } from '../../schemas/generated/invoice-item.ts';
import { unknownAccount } from './account-record.ts';
import { waitingKey } from './keys.ts';
import type { Desk } from './model.ts';

export function keepWaiting(desk: Desk, account: InvoiceAccount | undefined, item: InvoiceItem): void {
  const known = account ?? unknownAccount(item.accountId);
  desk.waiting.set(waitingKey(item.accountId, known.waiting), item);
  desk.accounts.set(item.accountId, { ...known, waiting: known.waiting + 1 });
}

/** Charges that wait for the account record, in the order in which they came. */
export function waitingItems(desk: Desk, account: InvoiceAccount | undefined): readonly InvoiceItem[] {
  if (account === undefined) return [];
  return Array.from({ length: account.waiting }, (_, number) =>
    desk.waiting.get(waitingKey(account.accountId, number)),
  ).filter((item) => item !== undefined);
}
