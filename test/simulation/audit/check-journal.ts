/** R1: money is conserved, from each posting up to the balances, and the book holds exactly what took place. */
import type { JournalEntry } from '../../../schemas/generated/journal-entry.ts';
import type { PaymentEvent } from '../../../schemas/generated/payment-event.ts';
import type { Report } from './check-uses.ts';
import type { AuditInput } from './input.ts';
import type { Outputs } from './outputs.ts';

class Sums extends Map<string, bigint> {
  add(key: string, units: bigint): void {
    this.set(key, this.of(key) + units);
  }

  of(key: string): bigint {
    return this.get(key) ?? 0n;
  }
}

interface Book {
  /** Credits less debits by account and ledger account. */
  readonly nets: Sums;
  /** Credits issued, spent and expired by account and grant. */
  readonly issued: Sums;
  readonly spent: Sums;
  readonly expired: Sums;
  readonly byEntry: ReadonlyMap<string, JournalEntry>;
}

export function checkJournal(input: AuditInput, outputs: Outputs, report: Report): void {
  const book = bookOf(outputs, report);
  checkCharges(outputs, book, report);
  checkGrants(outputs, book, report);
  checkBalances(outputs, book, report);
  const cash = cashOf(input.payments, input);
  for (const account of new Set([...cash.keys(), ...input.accounts.keys()])) {
    const booked = -book.nets.of(`${account} cash`);
    if (booked !== cash.of(account)) {
      report('R1', `cash of ${account} is ${booked} units, payments say ${cash.of(account)}`);
    }
  }
}

function bookOf({ journal }: Outputs, report: Report): Book {
  const book = { nets: new Sums(), issued: new Sums(), spent: new Sums(), expired: new Sums() };
  const byEntry = new Map<string, JournalEntry>();
  const trial = new Sums();
  for (const entry of journal) {
    const { accountId, entryId, currency } = entry;
    if (byEntry.has(`${accountId} ${entryId}`)) report('R1', `${accountId} ${entryId} is booked twice`);
    byEntry.set(`${accountId} ${entryId}`, entry);
    let balance = 0n;
    for (const { side, amount, ledgerAccount, grantId } of entry.postings) {
      const units = side === 'credit' ? amount : -amount;
      if (amount <= 0n) report('R1', `${entryId}: a posting of ${amount} units`);
      balance += units;
      trial.add(currency, units);
      book.nets.add(`${accountId} ${ledgerAccount}`, units);
      if (ledgerAccount !== 'credits') continue;
      const grant = `${accountId} ${grantId}`;
      if (side === 'credit') book.issued.add(grant, amount);
      else (entry.kind === 'expiry' ? book.expired : book.spent).add(grant, amount);
    }
    if (balance !== 0n) report('R1', `${accountId} ${entryId} is out of balance by ${balance} units`);
  }
  for (const [currency, units] of trial) {
    if (units !== 0n) report('R1', `the postings in ${currency} sum to ${units} units`);
  }
  return { ...book, byEntry };
}

/** Each charge that owes something is booked once, as revenue, and nothing else is. */
function checkCharges({ charges }: Outputs, { nets, byEntry }: Book, report: Report): void {
  const revenue = new Sums();
  const known = new Set<string>();
  let owing = 0;
  for (const { accountId, chargeId, amount, status } of charges) {
    if (known.has(`${accountId} ${chargeId}`)) report('R2', `${accountId} ${chargeId} is charged twice`);
    known.add(`${accountId} ${chargeId}`);
    if (status === 'suspense' || amount === 0n) continue;
    owing += 1;
    revenue.add(accountId, amount);
    const entry = byEntry.get(`${accountId} charge:${chargeId}`);
    if (entry === undefined) report('R1', `${accountId} ${chargeId} is not booked`);
  }
  const booked = [...byEntry.values()].filter(({ kind }) => kind === 'charge').length;
  if (booked !== owing) report('R1', `${owing} charges owe something, ${booked} are booked`);
  for (const account of new Set(charges.map(({ accountId }) => accountId))) {
    const found = nets.of(`${account} revenue`);
    if (found !== revenue.of(account)) {
      report('R1', `revenue of ${account} is ${found} units, its charges ${revenue.of(account)}`);
    }
  }
}

/** Credits issued = spent + expired + reserved + remaining, for each grant. */
function checkGrants({ balances }: Outputs, book: Book, report: Report): void {
  const remaining = new Sums();
  for (const { accountId, grants, reserved, held } of balances.values()) {
    for (const grant of grants) remaining.add(`${accountId} ${grant.grantId}`, grant.remaining);
    if (reserved !== 0n || held !== 0n) report('R1', `${accountId} has reserved or held credits`);
  }
  for (const grant of new Set([...book.issued.keys(), ...remaining.keys(), ...book.spent.keys()])) {
    const used = book.spent.of(grant) + book.expired.of(grant) + remaining.of(grant);
    if (used !== book.issued.of(grant)) {
      report('R1', `credits of ${grant}: ${book.issued.of(grant)} issued, ${used} spent, expired or left`);
    }
  }
}

function checkBalances({ balances, journal }: Outputs, { nets }: Book, report: Report): void {
  for (const { accountId, available, overdraft } of balances.values()) {
    const [credits, owed] = [nets.of(`${accountId} credits`), -nets.of(`${accountId} receivable`)];
    if (credits !== available || owed !== overdraft) {
      report('R1', `${accountId}: balance ${available}/${overdraft}, the journal says ${credits}/${owed}`);
    }
    if (available !== 0n && overdraft !== 0n) report('R1', `${accountId} has credits and a debt at once`);
  }
  for (const account of new Set(journal.map(({ accountId }) => accountId))) {
    if (!balances.has(account)) report('R1', `${account} has entries and no balance`);
  }
}

/** What payments brought in: each once, less refunds up to what was paid; nothing for accounts never known. */
function cashOf(payments: AuditInput['payments'], { accounts }: AuditInput): Sums {
  const byPayment = new Map<string, PaymentEvent[]>();
  for (const { value: event } of payments) {
    const key = `${event.accountId} ${event.paymentId}`;
    const events = byPayment.get(key) ?? [];
    events.push(event);
    byPayment.set(key, events);
  }
  const cash = new Sums();
  for (const events of byPayment.values()) {
    const paid = events.find(({ kind, verified }) => kind === 'succeeded' && verified);
    if (paid === undefined || !accounts.has(paid.accountId)) continue;
    const refunds = new Map<string, bigint>();
    let left: bigint = paid.amount;
    for (const { kind, verified, providerEventId, amount } of events) {
      if (kind !== 'refunded' || !verified || refunds.has(providerEventId) || amount > left) continue;
      refunds.set(providerEventId, amount);
      left -= amount;
    }
    cash.add(paid.accountId, left);
  }
  return cash;
}
