/**
 * The whole system on one machine: the stack, its topics and schemas, and every service as a process of its own.
 *
 * Job: what `npm start`, the integration tests and the benchmarks all begin with.
 *
 * Invariants:
 *  1. Topics, schemas and tables are applied before any service starts.
 *  2. Stopping ends the services before the stack, so that each commits what it holds.
 */

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createClient } from '@clickhouse/client';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import { connectSchemaDirectory } from '../schemas/schema-directory-registry.ts';
import { applyAnalyticsSchema } from '../services/analytics-sink/schema.ts';
import type { Log } from '../topology/log.ts';
import { openKafkaLog } from '../topology/log-kafka.ts';
import { subjectsOf } from '../topology/subjects.ts';
import { apply } from './apply/apply.ts';
import type { EmbeddedPart } from './embedded/part.ts';
import { choosePort } from './embedded/ports.ts';
import { type Secrets, secretsOf } from './embedded/secrets.ts';
import { servicePart } from './embedded/services.ts';
import { type Stack, startStack } from './embedded/stack.ts';
import { PROCESSORS } from './processors.ts';

export interface SystemOptions {
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Which services to start; the ticker is started by `startTicker`, so that a job can set the clock itself. */
  readonly services: readonly string[];
  readonly onProgress: (line: string) => void;
}

export interface System {
  readonly stack: Stack;
  readonly log: Log;
  readonly directory: SchemaDirectory;
  readonly services: ReadonlyMap<string, EmbeddedPart>;
  readonly gateway: { readonly url: string } & Secrets;
  /** Starts one more service on the same settings. */
  startService(name: string): Promise<void>;
  stop(): Promise<void>;
}

export const ALL_SERVICES: readonly string[] = [
  ...PROCESSORS.map(({ service }) => service),
  'gateway',
  'analytics-sink',
];

export async function startSystem(options: SystemOptions): Promise<System> {
  const { env, onProgress } = options;
  const stateDir = resolve(options.stateDir);
  mkdirSync(stateDir, { recursive: true });
  const stack = await startStack({
    stateDir,
    env: {
      kafkaBrokers: env['KAFKA_BROKERS'],
      schemaRegistryUrl: env['SCHEMA_REGISTRY_URL'],
      clickhouseUrl: env['CLICKHOUSE_URL'],
    },
    onProgress,
  });
  const services = new Map<string, EmbeddedPart>();
  let log: Log | null = null;
  const stop = async (): Promise<void> => {
    await Promise.allSettled([...services.values()].map((service) => service.stop()));
    await log?.close();
    await stack.stop();
  };
  try {
    log = openKafkaLog({
      brokers: stack.kafkaBrokers.split(','),
      clientId: 'ledger',
      requestTimeoutMs: 30_000,
    });
    await applyAll({ ...options, log, stack });
    const subjects = subjectsOf(PROCESSORS);
    const directory = await connectSchemaDirectory(stack.schemaRegistryUrl, firstOfEachRecord(subjects));
    const secrets = secretsOf(stateDir);
    const port = await gatewayPort(env['GATEWAY_PORT']);
    const serviceEnv = environmentOf({ stack, secrets, port });
    const startService = async (name: string): Promise<void> => {
      const part = servicePart({ name, env: serviceEnv, logsDir: join(stateDir, 'logs'), onProgress });
      services.set(name, part);
      await part.start();
    };
    await Promise.all(options.services.map(startService));
    onProgress(`${options.services.length} services are ready.`);
    const gateway = { url: `http://127.0.0.1:${port}`, ...secrets };
    return { stack, log, directory, services, gateway, startService, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function applyAll(
  options: SystemOptions & { readonly log: Log; readonly stack: Stack },
): Promise<void> {
  const { log, stack, partitions, replicationFactor, onProgress } = options;
  const changes = await apply({
    admin: log.admin,
    registryUrl: stack.schemaRegistryUrl,
    topics: { partitions, replicationFactor },
    subjects: subjectsOf(PROCESSORS),
  });
  const client = createClient({ url: stack.clickhouseUrl, ...stack.clickhouseWriter });
  try {
    const tables = await applyAnalyticsSchema(client);
    const changed = changes.filter(({ action }) => action !== 'keep').length + tables.length;
    onProgress(
      changed === 0
        ? 'Topics, schemas and tables are up to date.'
        : `Applied ${changed} topics, schemas and tables.`,
    );
  } finally {
    await client.close();
  }
}

function firstOfEachRecord<T extends { readonly recordName: string }>(subjects: readonly T[]): readonly T[] {
  return [...new Map(subjects.map((subject) => [subject.recordName, subject])).values()];
}

async function gatewayPort(wanted: string | undefined): Promise<number> {
  const given = wanted === undefined || wanted === '' ? undefined : Number(wanted);
  return choosePort({ name: 'the gateway', given, remembered: 8080 }, new Set());
}

function environmentOf(parts: { readonly stack: Stack; readonly secrets: Secrets; readonly port: number }) {
  const { stack, secrets, port } = parts;
  return {
    KAFKA_BROKERS: stack.kafkaBrokers,
    SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl,
    CLICKHOUSE_URL: stack.clickhouseUrl,
    CLICKHOUSE_USER: stack.clickhouseWriter.username,
    CLICKHOUSE_PASSWORD: stack.clickhouseWriter.password,
    GATEWAY_PORT: String(port),
    GATEWAY_API_KEYS: secrets.gatewayApiKey,
    PAYMENT_WEBHOOK_SECRET: secrets.paymentSecret,
  };
}
