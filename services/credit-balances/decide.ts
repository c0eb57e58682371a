/**
 * What follows from each input: journal entries, or a refusal.
 *
 * Boundary: reads the books and never writes them; `evolve.ts` does, from the same functions. The money of an entry is
 * worked out in `booking.ts`, the meaning of a record in the file of its rule.
 *
 * Invariants:
 *  1. Every input ends in entries, in a refusal, or in state that waits; only drafts, suspense and zero charges do nothing.
 *  2. Entries of one input are booked in turn, each on what the one before left.
 */
import type { Account } from '../../schemas/generated/account.ts';
import type { Contract } from '../../schemas/generated/contract.ts';
import type { Invoice } from '../../schemas/generated/invoice.ts';
import type { PaymentEvent } from '../../schemas/generated/payment-event.ts';
import type { AccountId } from '../../schemas/ids.ts';
import { acceptsCurrency, waitingPayments, withCurrency, withRecord } from './account-record.ts';
import { type Booking, bookInTurn } from './booking.ts';
import { bookCharge, chargeProblem, movesMoney } from './charges.ts';
import { bookExpiries } from './expiry.ts';
import { bookGrants, grantProblems, withNewGrants } from './grants.ts';
import {
  type Booked,
  type Books,
  type ChargeRead,
  type CreditInput,
  type Refused,
  scopedKey,
} from './model.ts';
import { type Occasion, timeOf } from './occasion.ts';
import { bookPayment, bookWhole } from './payment-bookings.ts';
import { judgePayment, type PaymentRefusal } from './payments.ts';
import { notBooked, placeOfPayment } from './room.ts';
import { bookRounding, needsRounding, roundingEntryId } from './roundings.ts';

/** One tick settles at most this many accounts; the rest follows with the next one. */
export const dueAccountsPerTickMax = 20_000;

type Answers = readonly (Booked | Refused)[];

export function decide(books: Books, input: CreditInput): Answers {
  switch (input.topic) {
    case 'charges':
      return decideCharge(books, input.value, input);
    case 'accounts':
      return decideAccount(books, input.value, input);
    case 'contracts':
      return decideContract(books, input.value, input);
    case 'payment-events':
      return decidePayment(books, input.value, input);
    case 'invoices':
      return decideInvoice(books, input.value, input);
    case 'clock-ticks':
      return decideTick(books, input);
  }
}

function decideCharge(books: Books, charge: ChargeRead, occasion: Occasion): Answers {
  const problem = chargeProblem(charge);
  if (problem !== null) return [refuse(charge.accountId, charge.chargeId, problem)];
  if (!movesMoney(charge)) return [];
  const account = books.accounts.get(charge.accountId);
  if (!acceptsCurrency(account, charge.currency)) return [mismatch(charge, charge.chargeId)];
  return bookInTurn(withCurrency(account, charge, occasion), [bookCharge(charge, occasion)]);
}

function decideAccount(books: Books, record: Account, occasion: Occasion): Answers {
  const before = books.accounts.get(record.accountId);
  if (!acceptsCurrency(before, record.currency)) return [mismatch(record, record.accountId)];
  const account = withRecord(before, record, occasion);
  if (before?.known === true) return [];
  const payments = before === undefined ? [] : waitingPayments(books, before);
  const bookings: Booking[] = [];
  const refusals: Refused[] = [];
  for (const payment of payments) {
    if (acceptsCurrency(account, payment.currency)) bookings.push(...bookWhole(payment));
    else refusals.push(mismatch(payment, payment.paymentId));
  }
  bookings.push(...bookGrants(account, timeOf(occasion)));
  return [...bookInTurn(account, bookings), ...refusals];
}

function decideContract(books: Books, contract: Contract, occasion: Occasion): Answers {
  const refusals = grantProblems(books, contract, occasion).map(({ recordId, ...problem }) =>
    refuse(contract.accountId, recordId, problem),
  );
  const account = withNewGrants(books, contract, occasion);
  return [...bookInTurn(account, bookGrants(account, timeOf(occasion))), ...refusals];
}

function decidePayment(books: Books, event: PaymentEvent, occasion: Occasion): Answers {
  const { accountId, paymentId, currency } = event;
  const account = books.accounts.get(accountId);
  if (account?.known === true && !acceptsCurrency(account, currency)) return [mismatch(event, paymentId)];
  const verdict = judgePayment(books.payments.get(scopedKey(accountId, paymentId)), event, occasion);
  const refusals = verdict.refusals.map((refusal) => refuse(accountId, paymentId, refusal));
  if (verdict.payment === null || verdict.books.length === 0) return refusals;
  const place = placeOfPayment(account, paymentId, verdict.books);
  if (place === 'now' && account !== undefined) {
    return [...bookInTurn(account, bookPayment(verdict.payment, verdict.books)), ...refusals];
  }
  return [refuse(accountId, paymentId, notBooked(account, place)), ...refusals];
}

function decideInvoice(books: Books, invoice: Invoice, occasion: Occasion): Answers {
  if (!needsRounding(invoice)) return [];
  const { accountId, invoiceId, currency } = invoice;
  if (books.bookings.get(scopedKey(accountId, roundingEntryId(invoice))) !== undefined) {
    return [
      refuse(accountId, invoiceId, { code: 'duplicate', field: null, message: 'the invoice is booked' }),
    ];
  }
  const account = books.accounts.get(accountId);
  if (!acceptsCurrency(account, currency)) return [mismatch(invoice, invoiceId)];
  return bookInTurn(withCurrency(account, invoice, occasion), [bookRounding(invoice, occasion)]);
}

function decideTick(books: Books, occasion: Occasion): Answers {
  const now = timeOf(occasion);
  return books.accounts
    .due(now)
    .slice(0, dueAccountsPerTickMax)
    .flatMap((key) => {
      const account = books.accounts.get(key);
      if (account === undefined) return [];
      return bookInTurn(account, [...bookExpiries(account, now, occasion), ...bookGrants(account, now)]);
    });
}

interface Named {
  readonly accountId: AccountId;
  readonly currency: string;
}

function mismatch({ accountId, currency }: Named, recordId: string): Refused {
  const message = `${currency} is not the currency of the account`;
  return refuse(accountId, recordId, { code: 'currency_mismatch', field: 'currency', message });
}

function refuse(accountId: AccountId, recordId: string, refusal: PaymentRefusal): Refused {
  return { topic: 'rejected', ...refusal, accountId, recordId };
}
