/**
 * How the books change: by an input that was read, then by each entry that it led to.
 *
 * Invariants:
 *  1. Money moves by entries alone (`apply-entry.ts`); an input only opens an account, or is kept until it can be booked.
 *  2. The same rules that `decide` used say what is kept, so the two cannot disagree.
 */
import type { Account } from '../../schemas/generated/account.ts';
import type { Contract } from '../../schemas/generated/contract.ts';
import type { Invoice } from '../../schemas/generated/invoice.ts';
import type { JournalEntry } from '../../schemas/generated/journal-entry.ts';
import type { PaymentEvent } from '../../schemas/generated/payment-event.ts';
import { acceptsCurrency, unopened, waitingPayments, withCurrency, withRecord } from './account-record.ts';
import { applyEntry } from './apply-entry.ts';
import { movesMoney } from './charges.ts';
import { withNewGrants } from './grants.ts';
import { type Booked, type Books, type ChargeRead, type CreditInput, scopedKey } from './model.ts';
import type { Occasion } from './occasion.ts';
import { judgePayment } from './payments.ts';
import { placeOfPayment } from './room.ts';
import { needsRounding } from './roundings.ts';

export function evolve(books: Books, fact: CreditInput | Booked): void {
  switch (fact.topic) {
    case 'journal':
      evolveEntry(books, fact.value);
      break;
    case 'charges':
      if (movesMoney(fact.value)) evolveCurrency(books, fact.value, fact);
      break;
    case 'accounts':
      evolveAccount(books, fact.value, fact);
      break;
    case 'contracts':
      evolveContract(books, fact.value, fact);
      break;
    case 'payment-events':
      evolvePayment(books, fact.value, fact);
      break;
    case 'invoices':
      if (needsRounding(fact.value)) evolveCurrency(books, fact.value, fact);
      break;
    case 'clock-ticks':
      break;
  }
}

function evolveEntry(books: Books, entry: JournalEntry): void {
  const account = books.accounts.get(entry.accountId);
  if (account === undefined) throw new Error(`${entry.entryId}: booked for an account that is not open`);
  books.accounts.set(entry.accountId, applyEntry(account, entry));
  if (entry.kind === 'grant' || entry.kind === 'rounding') {
    const { entryId, bookedAt } = entry;
    books.bookings.set(scopedKey(entry.accountId, entryId), { entryId, bookedAt });
  }
}

function evolveCurrency(books: Books, fact: ChargeRead | Invoice, occasion: Occasion): void {
  const account = books.accounts.get(fact.accountId);
  const opened = withCurrency(account, fact, occasion);
  if (opened !== account) books.accounts.set(fact.accountId, opened);
}

function evolveAccount(books: Books, record: Account, occasion: Occasion): void {
  const before = books.accounts.get(record.accountId);
  const account = withRecord(before, record, occasion);
  if (account === before) return;
  books.accounts.set(record.accountId, account);
  for (const payment of before === undefined ? [] : waitingPayments(books, before)) {
    if (acceptsCurrency(account, payment.currency)) continue;
    books.payments.delete(scopedKey(payment.accountId, payment.paymentId));
  }
}

function evolveContract(books: Books, contract: Contract, occasion: Occasion): void {
  const account = withNewGrants(books, contract, occasion);
  if (account !== books.accounts.get(contract.accountId) && account.waitingGrants.length > 0) {
    books.accounts.set(contract.accountId, account);
  }
}

function evolvePayment(books: Books, event: PaymentEvent, occasion: Occasion): void {
  const { accountId, paymentId, currency } = event;
  const account = books.accounts.get(accountId);
  if (account?.known === true && !acceptsCurrency(account, currency)) return;
  const key = scopedKey(accountId, paymentId);
  const { payment, books: facts } = judgePayment(books.payments.get(key), event, occasion);
  if (payment === null) return;
  const place = facts.length === 0 ? 'now' : placeOfPayment(account, paymentId, facts);
  if (place === 'full') return;
  books.payments.set(key, payment);
  if (place === 'now' || account?.waitingPayments.includes(paymentId) === true) return;
  const opened = account ?? unopened(accountId, occasion);
  books.accounts.set(accountId, { ...opened, waitingPayments: [...opened.waitingPayments, paymentId] });
}
