/**
 * Rule: an account keeps one currency for ever, and what came before its record is booked when the record comes.
 *
 * Invariants:
 *  1. The currency is fixed by the first account version, charge or invoice; nothing in another one is ever booked.
 *  2. Payments that waited are booked in the order in which they came.
 */
import { ZERO } from '../../schemas/amount.ts';
import type { Account } from '../../schemas/generated/account.ts';
import type { CreditAccount } from '../../schemas/generated/credit-account.ts';
import type { CreditPayment } from '../../schemas/generated/credit-payment.ts';
import type { AccountId } from '../../schemas/ids.ts';
import { type Books, scopedKey } from './model.ts';
import { later, type Occasion } from './occasion.ts';

export function acceptsCurrency(account: CreditAccount | undefined, currency: string): boolean {
  return account === undefined || account.currency === null || account.currency === currency;
}

/** An account of which nothing is known but that something concerns it. */
export function unopened(accountId: AccountId, occasion: Occasion): CreditAccount {
  return {
    accountId,
    currency: null,
    known: false,
    grants: [],
    receivable: ZERO,
    waitingGrants: [],
    waitingPayments: [],
    entries: 0,
    asOf: occasion.recordedAt,
    cause: occasion.cause,
  };
}

/** The account once its record is read; the same object where the record brings nothing new. */
export function withRecord(
  account: CreditAccount | undefined,
  record: Account,
  occasion: Occasion,
): CreditAccount {
  const opened = account ?? unopened(record.accountId, occasion);
  if (opened.known || !acceptsCurrency(opened, record.currency)) return opened;
  return {
    ...opened,
    known: true,
    currency: record.currency,
    waitingPayments: [],
    asOf: later(occasion.recordedAt, opened.asOf),
    cause: occasion.cause,
  };
}

/** A charge or an issued invoice names the currency where no account record has done so yet. */
export function withCurrency(
  account: CreditAccount | undefined,
  fact: { readonly accountId: Account['accountId']; readonly currency: string },
  occasion: Occasion,
): CreditAccount {
  const opened = account ?? unopened(fact.accountId, occasion);
  return opened.currency === null ? { ...opened, currency: fact.currency } : opened;
}

export function waitingPayments(books: Books, account: CreditAccount): readonly CreditPayment[] {
  return account.waitingPayments.flatMap((paymentId) => {
    const payment = books.payments.get(scopedKey(account.accountId, paymentId));
    return payment === undefined ? [] : [payment];
  });
}
