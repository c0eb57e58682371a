/**
 * Rule: the invoice as a document: each line is rounded once, to what the currency can pay, half to even (R6).
 *
 * Invariants:
 *  1. total = the sum of the rounded lines = exactTotal + roundingTotal, to the last digit.
 *  2. The version of a draft is the number of charges in it; the issued invoice is one version above its last draft.
 */
import { type Amount, ZERO } from '../../schemas/amount.ts';
import { addAmounts, roundToExponent, subtractAmounts } from '../../schemas/amount-arithmetic.ts';
import { exponentOf } from '../../schemas/currency.ts';
import type { Cause, Invoice, InvoiceLine } from '../../schemas/generated/invoice.ts';
import type { InvoiceCell } from '../../schemas/generated/invoice-cell.ts';
import type { DraftLine, InvoiceDraft } from '../../schemas/generated/invoice-draft.ts';
import type { InvoiceRollup } from '../../schemas/generated/invoice-rollup.ts';
import type { Instant } from '../../schemas/instant.ts';
import { draftKey } from './keys.ts';

const DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  ['usage', 'Usage'],
  ['outcome', 'Outcomes'],
  ['fee', 'Fees'],
]);

export interface Issue {
  readonly issuedAt: Instant;
  readonly cause: Cause;
}

/** A draft where `issue` is null. */
export function invoiceOf(draft: InvoiceDraft, issue: Issue | null): Invoice {
  const exponent = exponentOf(draft.currency);
  const lines = draft.lines.map((line) => roundedLine(line, exponent));
  return {
    invoiceId: draftKey(draft.accountId, draft.period),
    invoiceNumber: `BILL-${draft.accountId}-${draft.period.replace('-', '')}`,
    accountId: draft.accountId,
    billingPeriod: draft.period,
    periodStart: draft.periodStart,
    periodEnd: draft.periodEnd,
    currency: draft.currency,
    status: issue === null ? 'draft' : 'issued',
    version: issue === null ? draft.charges : draft.charges + 1,
    lines,
    exactTotal: sumOf(lines, (line) => line.exactAmount),
    total: sumOf(lines, (line) => line.amount),
    roundingTotal: sumOf(lines, (line) => line.rounding),
    issuedAt: issue?.issuedAt ?? null,
    cause: issue?.cause ?? draft.cause,
  };
}

function roundedLine(line: DraftLine, exponent: number): InvoiceLine {
  const amount = roundToExponent(line.exactAmount, exponent, 'half_even');
  return {
    lineClass: line.lineClass,
    description: DESCRIPTIONS.get(line.lineClass) ?? line.lineClass,
    quantity: line.quantity,
    charges: line.charges,
    exactAmount: line.exactAmount,
    amount,
    rounding: subtractAmounts(amount, line.exactAmount),
  };
}

function sumOf(lines: readonly InvoiceLine[], pick: (line: InvoiceLine) => Amount): Amount {
  return lines.reduce((sum, line) => addAmounts(sum, pick(line)), ZERO);
}

/** Final where `cause` is given: that of the tick which closed the period. */
export function rollupOf(cell: InvoiceCell, cause: Cause | null): InvoiceRollup {
  return {
    accountId: cell.accountId,
    billingPeriod: cell.period,
    lineClass: cell.lineClass,
    costCentre: cell.costCentre,
    currency: cell.currency,
    exactAmount: cell.exactAmount,
    quantity: cell.quantity,
    charges: cell.charges,
    final: cause !== null,
    cause: cause ?? cell.cause,
  };
}
