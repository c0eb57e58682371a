/**
 * invoice-rollups on one screen: its inputs in the order in which a step takes them, its tables, what it shows.
 */
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import { defineProcessor, table } from '../../topology/processor.ts';
import { decide } from './decide.ts';
import { evolve } from './evolve.ts';
import { invoiceOf, rollupOf } from './invoice.ts';
import { CHARGE_FIELDS } from './model.ts';

/** `closeGraceMs`: how long after its end a period still takes charges, so that late uses find their own month. */
export interface InvoiceOptions {
  readonly closeGraceMs: number;
}

export function invoiceRollupsWith({ closeGraceMs }: InvoiceOptions) {
  const closesAt = ({ periodEnd }: { readonly periodEnd: Instant }): Instant =>
    instantOfMillis(periodEnd + closeGraceMs);
  const tables = {
    accounts: table('InvoiceAccount'),
    drafts: table('InvoiceDraft', closesAt),
    cells: table('InvoiceCell', closesAt),
    waiting: table('InvoiceItem'),
  };
  return defineProcessor<
    typeof tables,
    'accounts' | 'charges' | 'clock-ticks',
    'invoices' | 'invoice-rollups'
  >({
    service: 'invoice-rollups',
    inputs: ['accounts', 'charges', 'clock-ticks'],
    outputs: ['invoices', 'invoice-rollups'],
    reads: { charges: CHARGE_FIELDS },
    tables,
    decide,
    evolve: (desk, fact) => evolve(desk, fact, closeGraceMs),
    projections: {
      drafts({ drafts }, key) {
        const draft = drafts.get(key);
        return draft === undefined
          ? []
          : [{ topic: 'invoices', key: draft.accountId, value: invoiceOf(draft, null) }];
      },
      cells({ cells }, key) {
        const cell = cells.get(key);
        return cell === undefined
          ? []
          : [{ topic: 'invoice-rollups', key: cell.accountId, value: rollupOf(cell, null) }];
      },
    },
  });
}

/** Long enough for what a period's last hours set off (fallbacks, late uses) to be charged before it closes. */
export const CLOSE_GRACE_MS = 6 * 60 * 60 * 1_000;

export const invoiceRollups = invoiceRollupsWith({ closeGraceMs: CLOSE_GRACE_MS });
