/**
 * Runs one query and checks the shape of every row.
 *
 * Invariants:
 *  1. Values travel as bound parameters; a query's text is made of constants and names from fixed lists only.
 *  2. Decimals and 64-bit integers arrive as text. Money stays text; only counts are turned into numbers.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';

export interface Selection<T> {
  readonly query: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly row: z.ZodType<T>;
}

/** Decimal text as ClickHouse writes it, for instance `-12.5`. */
export const MoneyText = z.string().regex(/^-?\d+(\.\d+)?$/);
/** A count or an offset: whole, and small enough to be exact. */
export const Whole = z.coerce.number().int().refine(Number.isSafeInteger);

export async function select<T>(client: ClickHouseClient, selection: Selection<T>): Promise<readonly T[]> {
  const result = await client.query({
    query: selection.query,
    query_params: { ...selection.params },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_decimals: 1, output_format_json_quote_64bit_integers: 1 },
  });
  return z.array(selection.row).parse(await result.json());
}
