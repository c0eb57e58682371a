/**
 * Brings the analytics schema up to date: tables once, views whenever their text changed.
 *
 * Job: run the statements of `sql/` in order and keep what was run, with checksums, in `schema_migrations`.
 * Boundary: a deploy step (`ledger apply`); the sink itself never changes the schema.
 *
 * Invariants:
 *  1. Running it again changes nothing, also after a run that died half-way: every statement may be repeated.
 *  2. A table's statement never changes once it was applied: a later change is a new numbered file. A checksum that
 *     differs is an error and not a repair. Comments do not count.
 *  3. Views hold no data, so a changed view is simply replaced.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';

export interface SchemaChange {
  readonly kind: 'table' | 'view';
  readonly name: string;
}

interface Statement extends SchemaChange {
  readonly sql: string;
  readonly checksum: string;
}

const FOLDERS = [
  { kind: 'table', folder: 'sql/tables/' },
  { kind: 'view', folder: 'sql/views/' },
] as const;

const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS schema_migrations
(
    name String,
    checksum String,
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (name, applied_at)`;

const Applied = z.array(z.object({ name: z.string(), checksum: z.string() }));

/** What was changed; empty when the schema was up to date. */
export async function applyAnalyticsSchema(client: ClickHouseClient): Promise<readonly SchemaChange[]> {
  await client.command({ query: MIGRATIONS_TABLE });
  const pending = await pendingStatements(client);
  for (const { name, checksum, sql } of pending) {
    await client.command({ query: sql });
    await client.insert({
      table: 'schema_migrations',
      columns: ['name', 'checksum'],
      values: [{ name, checksum }],
      format: 'JSONEachRow',
      clickhouse_settings: { async_insert: 0 },
    });
  }
  return pending.map(({ kind, name }) => ({ kind, name }));
}

/** What `applyAnalyticsSchema` would change. Where the schema was never applied, that is everything. */
export async function planAnalyticsSchema(client: ClickHouseClient): Promise<readonly SchemaChange[]> {
  const found = await client.query({ query: 'EXISTS TABLE schema_migrations', format: 'TabSeparated' });
  const exists = (await found.text()).trim() === '1';
  const pending = exists ? await pendingStatements(client) : await readStatements();
  return pending.map(({ kind, name }) => ({ kind, name }));
}

async function pendingStatements(client: ClickHouseClient): Promise<readonly Statement[]> {
  const result = await client.query({
    query: 'SELECT name, argMax(checksum, applied_at) AS checksum FROM schema_migrations GROUP BY name',
    format: 'JSONEachRow',
  });
  const applied = new Map(
    Applied.parse(await result.json()).map(({ name, checksum }) => [name, checksum] as const),
  );
  const pending: Statement[] = [];
  for (const statement of await readStatements()) {
    const before = applied.get(statement.name);
    if (before === statement.checksum) continue;
    if (before !== undefined && statement.kind === 'table') {
      throw new Error(`${statement.name} was changed after it was applied: add a new file instead`);
    }
    pending.push(statement);
  }
  return pending;
}

/** Tables by number, then views by name; one statement per file. */
async function readStatements(): Promise<readonly Statement[]> {
  const statements: Statement[] = [];
  for (const { kind, folder } of FOLDERS) {
    const url = new URL(folder, import.meta.url);
    const files = (await readdir(url)).filter((file) => file.endsWith('.sql')).sort();
    for (const file of files) {
      const sql = withoutComments(await readFile(new URL(file, url), 'utf8'));
      const checksum = createHash('sha256').update(sql).digest('hex');
      statements.push({ kind, name: file.slice(0, -'.sql'.length), sql, checksum });
    }
  }
  return statements;
}

function withoutComments(text: string): string {
  const lines = text.split('\n').filter((line) => !line.startsWith('--'));
  return lines.join('\n').trim().replace(/;$/, '');
}
