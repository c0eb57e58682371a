/**
 * What commands ask of ClickHouse, as a port that a test can stand in for.
 *
 * Invariant: an answer that does not come and a table that is not there are different errors with different ways out.
 */
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import {
  applyAnalyticsSchema,
  planAnalyticsSchema,
  type SchemaChange,
} from '../../services/analytics-sink/schema.ts';
import {
  type QualityRow,
  qualityBy,
  type SpendRow,
  spendBy,
  type UsageQuestion,
} from '../analytics/queries.ts';
import { type Selection, select } from '../analytics/select.ts';
import { dataError, unreachable } from './cli-error.ts';

export interface Analytics {
  spend(question: UsageQuestion): Promise<readonly SpendRow[]>;
  quality(question: UsageQuestion): Promise<readonly QualityRow[]>;
  select<T>(selection: Selection<T>): Promise<readonly T[]>;
  planSchema(): Promise<readonly SchemaChange[]>;
  applySchema(): Promise<readonly SchemaChange[]>;
  close(): Promise<void>;
}

export interface AnalyticsAddress {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
}

const UNKNOWN_TABLE = '60';
const UNKNOWN_DATABASE = '81';
const requestTimeoutMs = 120_000;

export function openAnalytics(address: AnalyticsAddress): Analytics {
  const client = createClient({
    ...address,
    application: 'ledger-cli',
    request_timeout: requestTimeoutMs,
    log: { level: ClickHouseLogLevel.OFF },
  });
  return {
    spend: (question) => asking(() => spendBy(client, question)),
    quality: (question) => asking(() => qualityBy(client, question)),
    select: (selection) => asking(() => select(client, selection)),
    planSchema: () => asking(() => planAnalyticsSchema(client)),
    applySchema: () => asking(() => applyAnalyticsSchema(client)),
    close: () => client.close(),
  };
}

async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ClickHouseError)) throw ofOther(error);
    if (error.code === UNKNOWN_TABLE || error.code === UNKNOWN_DATABASE) {
      throw dataError('tables_missing', error.message, 'Run `ledger apply` to create the tables.');
    }
    throw dataError(`clickhouse_${error.code}`, error.message, 'See the log of the analytics server.');
  }
}

function ofOther(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.message.includes('after it was applied')) {
    return dataError(
      'table_changed',
      error.message,
      'Put the file back as it was, and add the change as a new file.',
    );
  }
  const isNetwork = 'code' in error || error.message.includes('Timeout');
  return isNetwork ? unreachable('ClickHouse', error) : error;
}
