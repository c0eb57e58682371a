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
import { writeAddresses } from './embedded/addresses.ts';
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
  readonly longLived?: boolean;
}

export interface System {
  readonly stack: Stack;
  readonly log: Log;
  readonly directory: SchemaDirectory;
  readonly services: ReadonlyMap<string, EmbeddedPart>;
  readonly gateway: { readonly url: string } & Secrets;
  readonly consoleUrl: string;
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
    longLived: options.longLived ?? false,
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
    const ports = await servicePorts(env);
    const parts = { stack, secrets, ports, stateDir };
    const addresses = { gatewayUrl: loopback(ports.gateway), consoleUrl: loopback(ports.console) };
    writeAddresses(stateDir, addresses);
    const startService = async (name: string): Promise<void> => {
      const part = servicePart({
        name,
        env: environmentOf(name, parts),
        logsDir: join(stateDir, 'logs'),
        onProgress,
      });
      services.set(name, part);
      await part.start();
    };
    await Promise.all(options.services.map(startService));
    onProgress(`${options.services.length} services are ready.`);
    const gateway = { url: addresses.gatewayUrl, ...secrets };
    return { stack, log, directory, services, gateway, consoleUrl: addresses.consoleUrl, startService, stop };
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

interface ServicePorts {
  readonly gateway: number;
  readonly console: number;
}

async function servicePorts(env: SystemOptions['env']): Promise<ServicePorts> {
  const choose = (name: string, wanted: string | undefined, remembered: number): Promise<number> => {
    const given = wanted === undefined || wanted === '' ? undefined : Number(wanted);
    return choosePort({ name, given, remembered }, new Set());
  };
  const gateway = await choose('the gateway', env['GATEWAY_PORT'], 8080);
  return { gateway, console: await choose('the console', env['CONSOLE_PORT'], 8081) };
}

function loopback(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** Where the processors keep their state on this machine besides the changelogs. */
export function cacheDirOf(stateDir: string): string {
  return join(stateDir, 'cache');
}

/** Each service gets what it needs and no more: only the gateway sees the keys, only the sink may write ClickHouse. */
function environmentOf(
  service: string,
  parts: {
    readonly stack: Stack;
    readonly secrets: Secrets;
    readonly ports: ServicePorts;
    readonly stateDir: string;
  },
): Readonly<Record<string, string>> {
  const { stack, secrets, ports, stateDir } = parts;
  const log = {
    KAFKA_BROKERS: stack.kafkaBrokers,
    SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl,
    // Half of what a service needs to start is compiling the same modules again.
    NODE_COMPILE_CACHE: join(stateDir, 'compiled'),
  };
  const reader = { username: 'reader', password: '' };
  const user = service === 'console' && stack.parts.clickhouse.embedded ? reader : stack.clickhouseWriter;
  const clickhouse = {
    CLICKHOUSE_URL: stack.clickhouseUrl,
    CLICKHOUSE_USER: user.username,
    CLICKHOUSE_PASSWORD: user.password,
  };
  switch (service) {
    case 'gateway':
      return {
        ...log,
        GATEWAY_PORT: String(ports.gateway),
        GATEWAY_API_KEYS: secrets.gatewayApiKey,
        PAYMENT_WEBHOOK_SECRET: secrets.paymentSecret,
      };
    case 'analytics-sink':
      return { ...log, ...clickhouse };
    case 'console':
      return {
        ...clickhouse,
        CONSOLE_PORT: String(ports.console),
        LEDGER_PROOF_FILE: join(stateDir, 'proof.json'),
      };
    default:
      return { ...log, LEDGER_CACHE_DIR: cacheDirOf(stateDir) };
  }
}
