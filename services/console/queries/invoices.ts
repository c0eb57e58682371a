/** The newest state of invoices with their lines, the newest period first, and their number by state. */
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { MoneyText, select, Whole } from '../../../infra/analytics/select.ts';
import type { InvoicesQuestion } from '../query-port.ts';

/** Line class, description, quantity, charges, exact amount, amount, rounding. */
const Line = z.tuple([z.string(), z.string(), Whole, Whole, MoneyText, MoneyText, MoneyText]);

const Row = z.object({
  invoiceId: z.string(),
  invoiceNumber: z.string(),
  accountId: z.string(),
  billingPeriod: z.string(),
  status: z.string(),
  version: Whole,
  currency: z.string(),
  exactTotal: MoneyText,
  roundingTotal: MoneyText,
  total: MoneyText,
  issuedAt: z.string().nullable(),
  lines: z.array(Line),
  place: z.tuple([z.string(), Whole, Whole]),
});

const Total = z.object({ currency: z.string(), status: z.string(), invoices: Whole, total: MoneyText });

export type InvoiceRow = Readonly<z.infer<typeof Row>>;
export type InvoiceTotal = Readonly<z.infer<typeof Total>>;

export function readInvoices(
  client: ClickHouseClient,
  { account, currency, status, limit }: InvoicesQuestion,
): Promise<readonly InvoiceRow[]> {
  return select(client, {
    query: `SELECT invoice_id AS invoiceId, invoice_number AS invoiceNumber, account_id AS accountId,
        billing_period AS billingPeriod, status, version, currency, exact_total AS exactTotal,
        rounding_total AS roundingTotal, total, toString(issued_at) AS issuedAt,
        arrayZip(line_classes, line_descriptions, line_quantities, line_charges, line_exact_amounts, line_amounts,
          line_roundings) AS lines,
        (_topic, _partition, _offset) AS place
      FROM v_invoice_current
      WHERE ({account:String} = '' OR account_id = {account:String})
        AND ({currency:String} = '' OR currency = {currency:String})
        AND ({status:String} = '' OR status = {status:String})
      ORDER BY currency, period_start DESC, v_invoice_current.total DESC, account_id, invoice_id
      LIMIT {limit:UInt32} BY currency`,
    params: { account: account ?? '', currency: currency ?? '', status: status ?? '', limit },
    row: Row,
  });
}

export function readInvoiceTotals(client: ClickHouseClient): Promise<readonly InvoiceTotal[]> {
  return select(client, {
    query: `SELECT currency, status, count() AS invoices, sum(i.total) AS total
      FROM v_invoice_current AS i GROUP BY currency, status ORDER BY currency, status`,
    row: Total,
  });
}
