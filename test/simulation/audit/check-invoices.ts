/** R9 and R16: every charge is on one invoice, the right one; an invoice is issued once and never changes again. */
import type { Invoice } from '../../../schemas/generated/invoice.ts';
import { payable } from './arithmetic.ts';
import type { Report } from './check-uses.ts';
import { type ExpectedLine, isClosed, zoneOf } from './expect-invoices.ts';
import type { AuditInput } from './input.ts';
import type { Outputs } from './outputs.ts';

/** What holds in whatever order everything came. */
export function checkInvoices(input: AuditInput, outputs: Outputs, report: Report): void {
  const last = lastInvoices(outputs, report);
  const owed = new Map<string, bigint>();
  const fees = new Set<string>();
  for (const { accountId, amount, status, kind, chargeId, occurredAt } of outputs.charges) {
    if (status !== 'suspense') owed.set(accountId, (owed.get(accountId) ?? 0n) + amount);
    if (kind !== 'base_fee') continue;
    const contract = chargeId.split(':').slice(0, 2).join(':');
    const fee = `${accountId} ${contract} ${new Date(occurredAt).toISOString()}`;
    if (fees.has(fee)) report('R16', `${fee} is charged twice`);
    fees.add(fee);
  }
  const asked = new Map<string, bigint>();
  for (const invoice of last.values()) {
    const { accountId, exactTotal } = invoice;
    asked.set(accountId, (asked.get(accountId) ?? 0n) + exactTotal);
    checkSums(invoice, report);
  }
  for (const [account, amount] of owed) {
    if (!input.accounts.has(account)) continue;
    if ((asked.get(account) ?? 0n) !== amount) {
      report('R9', `${account} owes ${amount} units, its invoices ask for ${asked.get(account) ?? 0n}`);
    }
  }
  checkRollups(outputs, last, report);
  checkRoundings(outputs, last, report);
}

function lastInvoices({ invoices }: Outputs, report: Report): ReadonlyMap<string, Invoice> {
  const last = new Map<string, Invoice>();
  for (const invoice of invoices) {
    const before = last.get(invoice.invoiceId);
    if (before?.status === 'issued')
      report('R16', `${invoice.invoiceId} is written again after it was issued`);
    if (before !== undefined && invoice.version <= before.version && invoice.status !== 'draft') {
      report('R16', `${invoice.invoiceId}: version ${invoice.version} comes after ${before.version}`);
    }
    last.set(invoice.invoiceId, invoice);
  }
  return last;
}

function checkSums(invoice: Invoice, report: Report): void {
  const { invoiceId, lines, total, exactTotal, roundingTotal, currency } = invoice;
  let [exact, rounded] = [0n, 0n];
  for (const line of lines) {
    exact += line.exactAmount;
    rounded += line.amount;
    if (payable(line.exactAmount, currency) !== line.amount) {
      report('R16', `${invoiceId}: ${line.exactAmount} units are rounded to ${line.amount}`);
    }
  }
  if (exact !== exactTotal || rounded !== total || total - exactTotal !== roundingTotal) {
    report('R16', `${invoiceId}: its lines do not sum to its totals`);
  }
}

/** The rollups of an invoice, over cost centres, are its lines. */
function checkRollups({ rollups }: Outputs, invoices: ReadonlyMap<string, Invoice>, report: Report): void {
  const cells = new Map<string, { readonly line: string; readonly amount: bigint }>();
  for (const { accountId, billingPeriod, lineClass, costCentre, exactAmount } of rollups) {
    const line = `${accountId}/${billingPeriod} ${lineClass}`;
    cells.set(`${line} ${costCentre}`, { line, amount: exactAmount });
  }
  const sums = new Map<string, bigint>();
  for (const { line, amount } of cells.values()) sums.set(line, (sums.get(line) ?? 0n) + amount);
  for (const { invoiceId, lines } of invoices.values()) {
    for (const { lineClass, exactAmount } of lines) {
      const found = sums.get(`${invoiceId} ${lineClass}`);
      if (found !== exactAmount) {
        report('R9', `${invoiceId} ${lineClass}: ${exactAmount} units, its rollups ${found}`);
      }
    }
  }
}

/** What rounding changed is booked once for each issued invoice. */
function checkRoundings({ journal }: Outputs, invoices: ReadonlyMap<string, Invoice>, report: Report): void {
  const booked = new Map<string, bigint>();
  for (const { kind, reference, postings } of journal) {
    if (kind !== 'rounding') continue;
    for (const { ledgerAccount, side, amount } of postings) {
      if (ledgerAccount === 'rounding') booked.set(reference, side === 'credit' ? amount : -amount);
    }
  }
  for (const { invoiceId, status, roundingTotal } of invoices.values()) {
    const expected = status === 'issued' ? roundingTotal : 0n;
    if ((booked.get(invoiceId) ?? 0n) !== expected) {
      report(
        'R16',
        `${invoiceId}: rounding of ${expected} units is booked as ${booked.get(invoiceId) ?? 0n}`,
      );
    }
  }
}

/** What holds in a paced run besides: each line, to the last unit, on the invoice where it belongs. */
export function checkLines(
  input: AuditInput,
  expected: ReadonlyMap<string, ExpectedLine>,
  outputs: Outputs,
  report: Report,
): void {
  const found = new Map<string, string>();
  const last = new Map(outputs.invoices.map((invoice) => [invoice.invoiceId, invoice]));
  for (const { accountId, billingPeriod, status, lines } of last.values()) {
    for (const { lineClass, exactAmount, charges } of lines) {
      found.set(`${accountId} ${billingPeriod} ${lineClass}`, `${status} ${exactAmount} of ${charges}`);
    }
  }
  const texts = new Map<string, string>();
  for (const [key, { accountId, month, amount, records }] of expected) {
    const status = isClosed(zoneOf(input, accountId), month, input.lastTick) ? 'issued' : 'draft';
    texts.set(key, `${status} ${amount} of ${records}`);
  }
  for (const key of new Set([...found.keys(), ...texts.keys()])) {
    const [is, must] = [found.get(key) ?? 'absent', texts.get(key) ?? 'absent'];
    if (is !== must) report('R9', `invoice line ${key} is ${is}, must be ${must}`);
  }
}
