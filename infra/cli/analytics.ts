/**
 * Questions to ClickHouse, answered row by row and checked against a shape.
 *
 * Invariants: 1. Values reach the statement as parameters only. 2. Decimals and 64-bit integers arrive as text.
 */
import { ClickHouseError, createClient } from '@clickhouse/client';
import type { z } from 'zod';
import { dataError, unreachable } from './cli-error.ts';

export interface Question<T> {
  readonly sql: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly row: z.ZodType<T>;
}

export interface Analytics {
  rows<T>(question: Question<T>): Promise<readonly T[]>;
  /** A statement without an answer. */
  command(sql: string): Promise<void>;
  close(): Promise<void>;
}

export interface AnalyticsAddress {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

const UNKNOWN_TABLE = '60';
const UNKNOWN_DATABASE = '81';
const requestTimeoutMs = 120_000;

export function openAnalytics(address: AnalyticsAddress): Analytics {
  const client = createClient({
    ...address,
    application: 'ledger-cli',
    request_timeout: requestTimeoutMs,
    clickhouse_settings: { output_format_json_quote_decimals: 1, output_format_json_quote_64bit_integers: 1 },
  });
  return {
    async rows({ sql, params, row }) {
      return asking(async () => {
        const result = await client.query({
          query: sql,
          format: 'JSONEachRow',
          ...(params === undefined ? {} : { query_params: { ...params } }),
        });
        return (await result.json<unknown>()).map((each) => row.parse(each));
      });
    },
    command: (sql) => asking(async () => void (await client.command({ query: sql }))),
    close: () => client.close(),
  };
}

async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ClickHouseError)) {
      const isNetwork = error instanceof Error && 'code' in error;
      throw isNetwork ? unreachable('ClickHouse', error) : error;
    }
    if (error.code === UNKNOWN_TABLE || error.code === UNKNOWN_DATABASE) {
      throw dataError('tables_missing', error.message, 'Run `ledger apply` to create the tables.');
    }
    throw dataError(`clickhouse_${error.code}`, error.message, 'See the log of the analytics server.');
  }
}
