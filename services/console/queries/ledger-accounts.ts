/** Debits and credits of every ledger account: the trial balance. */
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { MoneyText, select, Whole } from '../../../infra/analytics/select.ts';

const Row = z.object({
  currency: z.string(),
  ledgerAccount: z.string(),
  debits: MoneyText,
  credits: MoneyText,
  balance: MoneyText,
  postings: Whole,
});

export type LedgerAccountRow = Readonly<z.infer<typeof Row>>;

export function readLedgerAccounts(client: ClickHouseClient): Promise<readonly LedgerAccountRow[]> {
  return select(client, {
    query: `SELECT currency, ledger_account AS ledgerAccount, debits, credits, balance, postings
      FROM v_trial_balance ORDER BY currency, ledgerAccount`,
    row: Row,
  });
}
