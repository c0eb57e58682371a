/** Invoices and their rollups as rows of `invoices` and `invoice_rollups`. */
import type { Invoice } from '../../../schemas/generated/invoice.ts';
import type { InvoiceRollup } from '../../../schemas/generated/invoice-rollup.ts';
import { causeColumns, tableOf } from '../table.ts';

export const invoicesTable = tableOf<Invoice>('invoices', [
  ['invoice_id', (out, invoice) => out.text(invoice.invoiceId)],
  ['invoice_number', (out, invoice) => out.text(invoice.invoiceNumber)],
  ['account_id', (out, invoice) => out.text(invoice.accountId)],
  ['billing_period', (out, invoice) => out.text(invoice.billingPeriod)],
  ['period_start', (out, invoice) => out.instant(invoice.periodStart)],
  ['period_end', (out, invoice) => out.instant(invoice.periodEnd)],
  ['currency', (out, invoice) => out.text(invoice.currency)],
  ['status', (out, invoice) => out.text(invoice.status)],
  ['version', (out, invoice) => out.integer(invoice.version)],
  ['line_classes', (out, invoice) => out.texts(invoice.lines, (line) => line.lineClass)],
  ['line_descriptions', (out, invoice) => out.texts(invoice.lines, (line) => line.description)],
  ['line_quantities', (out, invoice) => out.integers(invoice.lines, (line) => line.quantity)],
  ['line_charges', (out, invoice) => out.integers(invoice.lines, (line) => line.charges)],
  ['line_exact_amounts', (out, invoice) => out.amounts(invoice.lines, (line) => line.exactAmount)],
  ['line_amounts', (out, invoice) => out.amounts(invoice.lines, (line) => line.amount)],
  ['line_roundings', (out, invoice) => out.amounts(invoice.lines, (line) => line.rounding)],
  ['exact_total', (out, invoice) => out.amount(invoice.exactTotal)],
  ['total', (out, invoice) => out.amount(invoice.total)],
  ['rounding_total', (out, invoice) => out.amount(invoice.roundingTotal)],
  ['issued_at', (out, invoice) => out.instantOrNull(invoice.issuedAt)],
  ...causeColumns<Invoice>(),
]);

export const invoiceRollupsTable = tableOf<InvoiceRollup>('invoice_rollups', [
  ['account_id', (out, rollup) => out.text(rollup.accountId)],
  ['billing_period', (out, rollup) => out.text(rollup.billingPeriod)],
  ['line_class', (out, rollup) => out.text(rollup.lineClass)],
  ['cost_centre', (out, rollup) => out.text(rollup.costCentre)],
  ['currency', (out, rollup) => out.text(rollup.currency)],
  ['exact_amount', (out, rollup) => out.amount(rollup.exactAmount)],
  ['quantity', (out, rollup) => out.integer(rollup.quantity)],
  ['charges', (out, rollup) => out.integer(rollup.charges)],
  ['is_final', (out, rollup) => out.flag(rollup.final)],
  ...causeColumns<InvoiceRollup>(),
]);
