/**
 * An invoice walked back to the charges behind each line, and those to the requests that caused them.
 *
 * Invariants:
 *  1. Charges are summed as they are read, so an invoice over millions of them needs no more memory than its largest.
 *  2. The sums of the charges are compared with the lines; a difference is said, not hidden.
 */
import { type Amount, formatAmount, ZERO } from '../../../schemas/amount.ts';
import { addAmounts } from '../../../schemas/amount-arithmetic.ts';
import { scan } from '../topic-scan.ts';
import type { AccountInvoices } from './account-invoices.ts';
import type { Finder } from './find.ts';
import { type LocatedCharge, type LocatedInvoice, locate } from './located.ts';
import { nodeOf } from './nodes.ts';
import { leaf, type TraceNode } from './tree.ts';

interface LineSum {
  exact: Amount;
  charges: number;
  largest: LocatedCharge[];
}

export interface InvoiceStory {
  readonly tree: TraceNode;
  /** Whether the charges on the log make exactly the lines of the invoice. */
  readonly agrees: boolean;
}

export async function invoiceStory(
  finder: Finder,
  invoice: LocatedInvoice,
  options: { readonly invoices: AccountInvoices; readonly limit: number },
): Promise<InvoiceStory> {
  const sums = await sumLines(finder, invoice, options);
  const { value } = invoice;
  const classes = new Set([...value.lines.map(({ lineClass }) => lineClass), ...sums.keys()]);
  const lines = [...classes].map((lineClass) =>
    lineNode(invoice, lineClass, { sum: sums.get(lineClass), limit: options.limit }),
  );
  const agrees = value.lines.every(({ lineClass, exactAmount, charges }) => {
    const sum = sums.get(lineClass);
    return (sum?.exact ?? ZERO) === exactAmount && (sum?.charges ?? 0) === charges;
  });
  const hasOnlyItsLines = [...sums].every(
    ([lineClass, { exact }]) => exact === ZERO || value.lines.some((line) => line.lineClass === lineClass),
  );
  return { tree: { ...nodeOf(invoice, []), children: lines }, agrees: agrees && hasOnlyItsLines };
}

async function sumLines(
  { source, progress }: Finder,
  { value, partition }: LocatedInvoice,
  { invoices, limit }: { readonly invoices: AccountInvoices; readonly limit: number },
): Promise<ReadonlyMap<string, LineSum>> {
  const sums = new Map<string, LineSum>();
  const key = Buffer.from(value.accountId);
  const task = progress.start(`reading the charges of ${value.accountId}`, null);
  await scan(source, [{ topic: 'charges', partition }], {
    visit(record) {
      if (record.key?.equals(key) !== true) return;
      const located = locate(source.directory, record);
      if (located?.topic !== 'charges' || located.value.currency !== value.currency) return;
      if (invoices.periodOf(located.value, located.offset) !== value.billingPeriod) return;
      const { lineClass, amount, status } = located.value;
      if (status === 'suspense') return;
      const sum = sums.get(lineClass) ?? { exact: ZERO, charges: 0, largest: [] };
      sums.set(lineClass, sum);
      sum.exact = addAmounts(sum.exact, amount);
      sum.charges += 1;
      keepLargest(sum, located, limit);
    },
    moved: (count) => task.add(count),
  });
  task.end();
  return sums;
}

function keepLargest(sum: LineSum, charge: LocatedCharge, limit: number): void {
  sum.largest.push(charge);
  if (sum.largest.length >= limit * 2 + 64) sum.largest = largestOf(sum.largest, limit);
}

function largestOf(charges: readonly LocatedCharge[], limit: number): LocatedCharge[] {
  return charges
    .toSorted((a, b) =>
      a.value.amount === b.value.amount ? a.offset - b.offset : a.value.amount > b.value.amount ? -1 : 1,
    )
    .slice(0, limit);
}

function lineNode(
  { value }: LocatedInvoice,
  lineClass: string,
  { sum, limit }: { readonly sum: LineSum | undefined; readonly limit: number },
): TraceNode {
  const line = value.lines.find((each) => each.lineClass === lineClass);
  const shown = largestOf(sum?.largest ?? [], limit);
  return {
    ...leaf('line', lineClass, {
      exact: line === undefined ? 'not on the invoice' : formatAmount(line.exactAmount),
      amount:
        line === undefined ? '' : `${formatAmount(line.amount)} (rounding ${formatAmount(line.rounding)})`,
      'charges on the log': `${sum?.charges ?? 0}, together ${formatAmount(sum?.exact ?? ZERO)}`,
    }),
    children: shown.map((charge) => nodeOf(charge, [])),
  };
}
