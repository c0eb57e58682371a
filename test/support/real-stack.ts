/**
 * One embedded stack for the whole `real` suite, in a temporary folder, unless the environment names real servers.
 * The suite says at its start which of the two it ran on.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startStack } from '../../infra/embedded/stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly kafkaBrokers: string;
    readonly schemaRegistryUrl: string;
    readonly clickhouseUrl: string;
    readonly clickhouseUser: string;
    readonly clickhousePassword: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stateDir = await mkdtemp(join(tmpdir(), 'outcome-ledger-test-'));
  const stack = await startStack({
    stateDir,
    env: {
      kafkaBrokers: process.env['KAFKA_BROKERS'],
      schemaRegistryUrl: process.env['SCHEMA_REGISTRY_URL'],
      clickhouseUrl: process.env['CLICKHOUSE_URL'],
    },
  });
  const parts = Object.values(stack.parts).map(
    ({ name, embedded }) => `${name} ${embedded ? 'embedded' : 'outside'}`,
  );
  process.stdout.write(`real suite runs on: ${parts.join(', ')}\n`);
  project.provide('kafkaBrokers', stack.kafkaBrokers);
  project.provide('schemaRegistryUrl', stack.schemaRegistryUrl);
  project.provide('clickhouseUrl', stack.clickhouseUrl);
  project.provide('clickhouseUser', stack.clickhouseWriter.username);
  project.provide('clickhousePassword', stack.clickhouseWriter.password);
  return async () => {
    await stack.stop();
    await rm(stateDir, { recursive: true, force: true });
  };
}
