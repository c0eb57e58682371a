/** A context for commands without servers: a log in memory, and a ClickHouse that answers what a test says. */
import type { Analytics } from '../../../infra/cli/analytics.ts';
import type { Context, Settings } from '../../../infra/cli/context.ts';
import { SILENT } from '../../../infra/cli/progress.ts';
import { instantOfMillis } from '../../../schemas/instant.ts';
import type { SchemaDirectory } from '../../../schemas/schema-directory.ts';
import type { Log } from '../../../topology/log.ts';

export interface FakeParts {
  readonly log: Log;
  readonly directory: SchemaDirectory;
  readonly analytics?: Partial<Analytics>;
  readonly settings?: Partial<Settings>;
  readonly now?: number;
}

const NO_SETTINGS: Settings = {
  kafkaBrokers: 'memory:9092',
  schemaRegistryUrl: 'http://memory:8081',
  clickhouse: null,
  gateway: null,
  javaHome: null,
  signingKey: null,
  stateDir: '.ledger-test',
  stackRuns: false,
};

export function fakeContext(parts: FakeParts): Context {
  const { log, directory } = parts;
  const signal = new AbortController().signal;
  return {
    settings: { ...NO_SETTINGS, ...parts.settings },
    signal,
    progress: SILENT,
    now: () => instantOfMillis(parts.now ?? Date.UTC(2026, 10, 22, 12)),
    log: async () => log,
    directory: async () => directory,
    source: async () => ({ log, directory, signal }),
    analytics: () => fakeAnalytics(parts.analytics ?? {}),
    registryUrl: () => 'http://memory:8081',
    close: async () => undefined,
  };
}

export function fakeAnalytics(parts: Partial<Analytics>): Analytics {
  return {
    spend: async () => [],
    quality: async () => [],
    select: async () => [],
    planSchema: async () => [],
    applySchema: async () => [],
    close: async () => undefined,
    ...parts,
  };
}

/** What a machine would read: the report's data through JSON and back. */
export function throughJson(data: unknown): unknown {
  return JSON.parse(
    JSON.stringify(data, (key, value: unknown) => {
      if (typeof value === 'bigint') throw new TypeError(`${key} is a bigint`);
      return value;
    }),
  );
}
