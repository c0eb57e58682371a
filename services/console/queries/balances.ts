/** The newest balance of accounts, the largest overdraft first, and the sums behind the list. */
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { MoneyText, select, Whole } from '../../../infra/analytics/select.ts';
import type { AccountsQuestion } from '../query-port.ts';

const Row = z.object({
  accountId: z.string(),
  currency: z.string(),
  available: MoneyText,
  reserved: MoneyText,
  held: MoneyText,
  overdraft: MoneyText,
  entries: Whole,
  asOf: z.string(),
  place: z.tuple([z.string(), Whole, Whole]),
});

const Total = z.object({
  currency: z.string(),
  accounts: Whole,
  overdrawn: Whole,
  available: MoneyText,
  reserved: MoneyText,
  held: MoneyText,
  overdraft: MoneyText,
});

export type BalanceRow = Readonly<z.infer<typeof Row>>;
export type BalanceTotal = Readonly<z.infer<typeof Total>>;

export function readBalances(
  client: ClickHouseClient,
  { account, currency, limit }: AccountsQuestion,
): Promise<readonly BalanceRow[]> {
  return select(client, {
    query: `SELECT account_id AS accountId, currency, available, reserved, held, overdraft, entries,
        toString(as_of) AS asOf, (_topic, _partition, _offset) AS place
      FROM v_balance_current
      WHERE ({account:String} = '' OR account_id = {account:String})
        AND ({currency:String} = '' OR currency = {currency:String})
      ORDER BY currency, v_balance_current.overdraft DESC, v_balance_current.available DESC, account_id
      LIMIT {limit:UInt32} BY currency`,
    params: { account: account ?? '', currency: currency ?? '', limit },
    row: Row,
  });
}

export function readBalanceTotals(client: ClickHouseClient): Promise<readonly BalanceTotal[]> {
  return select(client, {
    query: `SELECT currency, count() AS accounts, countIf(b.overdraft > 0) AS overdrawn,
        sum(b.available) AS available, sum(b.reserved) AS reserved, sum(b.held) AS held, sum(b.overdraft) AS overdraft
      FROM v_balance_current AS b GROUP BY currency ORDER BY accounts DESC, currency`,
    row: Total,
  });
}
