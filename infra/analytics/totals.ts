/**
 * The numbers that prove the book: what is in ClickHouse, to be compared with the log and with each other.
 *
 * Boundary: reports and judges nothing. Sums are exact decimal text per currency.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { MoneyText, select, Whole } from './select.ts';

const Counted = z.object({ rows: Whole, firsts: Whole, requests: Whole });
const CurrencySum = z.object({ currency: z.string(), count: Whole, amount: MoneyText });
const Trial = z.object({
  currency: z.string(),
  entries: Whole,
  debits: MoneyText,
  credits: MoneyText,
  difference: MoneyText,
});
const RejectedCount = z.object({ kind: z.string(), service: z.string(), code: z.string(), count: Whole });
const PositionRow = z.object({
  table: z.string(),
  topic: z.string(),
  partition: Whole,
  rows: Whole,
  firstOffset: Whole,
  lastOffset: Whole,
});
const Suspect = z.object({ table: z.string(), topic: z.string(), partition: Whole, offset: Whole });

export interface LedgerTotals {
  /** `firsts` counts uses; the other rows completed the cost of one. */
  readonly usage: Readonly<z.infer<typeof Counted>>;
  readonly cost: readonly Readonly<z.infer<typeof CurrencySum>>[];
  readonly charges: readonly Readonly<z.infer<typeof CurrencySum>>[];
  /** Credits minus debits of the revenue account, in entries made for charges. */
  readonly revenue: readonly Readonly<z.infer<typeof CurrencySum>>[];
  readonly trialBalance: readonly Readonly<z.infer<typeof Trial>>[];
  readonly rejected: readonly Readonly<z.infer<typeof RejectedCount>>[];
  readonly positions: readonly Readonly<z.infer<typeof PositionRow>>[];
}

export async function ledgerTotals(client: ClickHouseClient): Promise<LedgerTotals> {
  const [usage, cost, charges, revenue, trialBalance, rejected, positions] = await Promise.all([
    usageCounts(client),
    sumsOf(client, 'SELECT currency, count() AS count, sum(amount) AS amount FROM usage GROUP BY currency'),
    sumsOf(client, 'SELECT currency, count() AS count, sum(amount) AS amount FROM charges GROUP BY currency'),
    sumsOf(
      client,
      `SELECT currency, count() AS count, sum(credit) - sum(debit) AS amount FROM journal
       WHERE ledger_account = 'revenue' AND kind = 'charge' GROUP BY currency`,
    ),
    trialBalanceOf(client),
    select(client, {
      query: `SELECT kind, service, code, count() AS count FROM rejected
        GROUP BY kind, service, code ORDER BY kind, service, code`,
      row: RejectedCount,
    }),
    ingestPositions(client),
  ]);
  return { usage, cost, charges, revenue, trialBalance, rejected, positions };
}

/** Rows and largest offset of every topic partition that has rows. */
export function ingestPositions(client: ClickHouseClient): Promise<LedgerTotals['positions']> {
  return select(client, {
    query: `SELECT table, topic, partition, rows, first_offset AS firstOffset, last_offset AS lastOffset
      FROM v_ingest_position ORDER BY topic, partition`,
    row: PositionRow,
  });
}

/** Records that are in their table more than once, and entries whose postings do not balance. Empty, or a bug. */
export async function suspectRecords(client: ClickHouseClient): Promise<{
  readonly doubled: readonly Readonly<z.infer<typeof Suspect>>[];
  readonly unbalanced: readonly Readonly<z.infer<typeof Suspect>>[];
}> {
  const doubled = await Promise.all(
    TABLES.map((table) =>
      select(client, {
        query: `SELECT {table:String} AS table, _topic AS topic, _partition AS partition, _offset AS offset
          FROM {table:Identifier}
          GROUP BY _topic, _partition, _offset
          HAVING count() > ${table === 'journal' ? 'any(postings)' : '1'}
          LIMIT {limit:UInt32}`,
        params: { table, limit: SUSPECTS_MAX },
        row: Suspect,
      }),
    ),
  );
  const unbalanced = await select(client, {
    query: `SELECT 'journal' AS table, _topic AS topic, _partition AS partition, _offset AS offset
      FROM journal GROUP BY _topic, _partition, _offset HAVING sum(debit) != sum(credit) LIMIT {limit:UInt32}`,
    params: { limit: SUSPECTS_MAX },
    row: Suspect,
  });
  return { doubled: doubled.flat(), unbalanced };
}

const SUSPECTS_MAX = 100;

const TABLES = [
  'usage',
  'charges',
  'journal',
  'outcome_decisions',
  'invoices',
  'invoice_rollups',
  'balances',
  'rejected',
  'steps',
] as const;

async function usageCounts(client: ClickHouseClient): Promise<LedgerTotals['usage']> {
  const [counted] = await select(client, {
    query: `SELECT count() AS rows, sum(is_use) AS firsts, uniqExact(account_id, request_id) AS requests FROM usage`,
    row: Counted,
  });
  return counted ?? { rows: 0, firsts: 0, requests: 0 };
}

function sumsOf(client: ClickHouseClient, query: string): Promise<LedgerTotals['cost']> {
  return select(client, { query: `${query} ORDER BY currency`, row: CurrencySum });
}

function trialBalanceOf(client: ClickHouseClient): Promise<LedgerTotals['trialBalance']> {
  return select(client, {
    query: `SELECT currency, sum(is_entry) AS entries, sum(debit) AS debits, sum(credit) AS credits,
        debits - credits AS difference
      FROM journal GROUP BY currency ORDER BY currency`,
    row: Trial,
  });
}
