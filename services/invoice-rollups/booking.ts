/**
 * How one charge changes the sums of its invoice: the line of its class, and the rollup of its cost centre.
 *
 * Invariant: every invoiced charge is added to exactly one draft and one cell, and to no other sum.
 */

import { ZERO } from '../../schemas/amount.ts';
import { addAmounts } from '../../schemas/amount-arithmetic.ts';
import type { BillingPeriod } from '../../schemas/billing-period.ts';
import type { InvoiceCell } from '../../schemas/generated/invoice-cell.ts';
import type { DraftLine, InvoiceDraft } from '../../schemas/generated/invoice-draft.ts';
import type { InvoiceItem } from '../../schemas/generated/invoice-item.ts';
import { addQuantities } from './item.ts';
import { cellKey, draftKey } from './keys.ts';
import type { Desk } from './model.ts';

/** The rollup of charges that name no cost centre. */
export const unassignedCostCentre = 'unassigned';

export function addToPeriod(desk: Desk, item: InvoiceItem, period: BillingPeriod): void {
  const key = draftKey(item.accountId, period.period);
  const draft = desk.drafts.get(key) ?? emptyDraft(item, period);
  desk.drafts.set(key, withItem(draft, item));
  const costCentre = item.costCentre ?? unassignedCostCentre;
  const cell = cellKey(key, item.lineClass, costCentre);
  desk.cells.set(cell, cellWith(desk.cells.get(cell), item, { draft, costCentre }));
}

function emptyDraft(item: InvoiceItem, { period, start, end }: BillingPeriod): InvoiceDraft {
  return {
    accountId: item.accountId,
    currency: item.currency,
    period,
    periodStart: start,
    periodEnd: end,
    lines: [],
    charges: 0,
    cause: item.cause,
  };
}

function withItem(draft: InvoiceDraft, item: InvoiceItem): InvoiceDraft {
  const place = draft.lines.findIndex((line) => line.lineClass === item.lineClass);
  const line = draft.lines[place];
  const lines =
    line === undefined
      ? [...draft.lines, lineWith(emptyLine(item.lineClass), item)].sort(compareLines)
      : draft.lines.with(place, lineWith(line, item));
  return { ...draft, lines, charges: draft.charges + 1, cause: item.cause };
}

function emptyLine(lineClass: string): DraftLine {
  return { lineClass, exactAmount: ZERO, quantity: 0, charges: 0 };
}

function lineWith(line: DraftLine, item: InvoiceItem): DraftLine {
  return {
    lineClass: line.lineClass,
    exactAmount: addAmounts(line.exactAmount, item.amount),
    quantity: addQuantities(line.quantity, item.quantity),
    charges: line.charges + 1,
  };
}

function compareLines(a: DraftLine, b: DraftLine): number {
  return a.lineClass < b.lineClass ? -1 : 1;
}

function cellWith(
  cell: InvoiceCell | undefined,
  item: InvoiceItem,
  { draft, costCentre }: { readonly draft: InvoiceDraft; readonly costCentre: string },
): InvoiceCell {
  return {
    accountId: item.accountId,
    currency: draft.currency,
    period: draft.period,
    periodEnd: draft.periodEnd,
    lineClass: item.lineClass,
    costCentre,
    exactAmount: addAmounts(cell?.exactAmount ?? ZERO, item.amount),
    quantity: addQuantities(cell?.quantity ?? 0, item.quantity),
    charges: (cell?.charges ?? 0) + 1,
    cause: item.cause,
  };
}
