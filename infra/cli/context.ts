/**
 * Where the parts of the system are, and connections to them, opened only when a command asks.
 *
 * Job: settings from the environment first, then from the running stack of the state folder.
 *
 * Invariants:
 *  1. A command that needs only one part opens only that one.
 *  2. `close` ends every connection that was opened, also after an error.
 *  3. An address that nobody knows is said by name, with the way to give it.
 */
import { z } from 'zod';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import { connectSchemaDirectory } from '../../schemas/schema-directory-registry.ts';
import type { Log } from '../../topology/log.ts';
import { openKafkaLog } from '../../topology/log-kafka.ts';
import type { Subject } from '../../topology/subjects.ts';
import { readAddresses } from '../embedded/addresses.ts';
import { secretsOf } from '../embedded/secrets.ts';
import { readRunningStack } from '../embedded/state-file.ts';
import { type Analytics, type AnalyticsAddress, openAnalytics } from './analytics.ts';
import { probeBrokers } from './broker-probe.ts';
import { CliError, usageError } from './cli-error.ts';
import type { Progress } from './progress.ts';
import { EXIT } from './report.ts';
import type { Source } from './topic-scan.ts';

const optional = z.string().min(1).optional().catch(undefined);

const Environment = z.object({
  KAFKA_BROKERS: optional,
  SCHEMA_REGISTRY_URL: z.url().optional(),
  CLICKHOUSE_URL: z.url().optional(),
  CLICKHOUSE_USER: optional,
  CLICKHOUSE_PASSWORD: z.string().optional(),
  CLICKHOUSE_DATABASE: z.string().min(1).default('default'),
  GATEWAY_URL: z.url().optional(),
  GATEWAY_API_KEY: optional,
  JAVA_HOME: optional,
  LEDGER_SIGNING_KEY: optional,
  LEDGER_STATE_DIR: z.string().min(1).default('.ledger'),
});

export interface GatewayAccess {
  readonly url: string;
  readonly apiKey: string;
  /** Signs payments; null where it is not known, and then payments cannot be sent through the gateway. */
  readonly paymentSecret: string | null;
}

/** Null where neither the environment nor a running stack says. */
export interface Settings {
  readonly kafkaBrokers: string | null;
  readonly schemaRegistryUrl: string | null;
  readonly clickhouse: AnalyticsAddress | null;
  readonly gateway: GatewayAccess | null;
  readonly javaHome: string | null;
  /** File of the private key that signs heads; one is made in the state folder where none is given. */
  readonly signingKey: string | null;
  readonly stateDir: string;
  /** Whether a stack runs in the state folder; what it says counts only where the environment is silent. */
  readonly stackRuns: boolean;
}

export interface Context {
  readonly settings: Settings;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  now(): Instant;
  log(): Promise<Log>;
  /** Knows the ids of these subjects, and every schema that it meets while reading. */
  directory(subjects?: readonly Subject[]): Promise<SchemaDirectory>;
  /** Log and directory together, for reading. */
  source(): Promise<Source>;
  analytics(): Analytics;
  registryUrl(): string;
  close(): Promise<void>;
}

export interface ContextOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly now: () => number;
}

export function openContext(options: ContextOptions): Context {
  const { signal, progress } = options;
  const settings = readSettings(options.env);
  let log: Log | null = null;
  let analytics: Analytics | null = null;
  const openLog = async (): Promise<Log> => {
    const brokers = given(settings.kafkaBrokers, 'broker', 'KAFKA_BROKERS').split(',');
    if (log !== null) return log;
    await probeBrokers(brokers);
    log ??= openKafkaLog({ brokers, clientId: 'ledger-cli', requestTimeoutMs: REQUEST_TIMEOUT_MS });
    return log;
  };
  const registryUrl = (): string => given(settings.schemaRegistryUrl, 'registry', 'SCHEMA_REGISTRY_URL');
  const directory = (subjects: readonly Subject[] = []): Promise<SchemaDirectory> =>
    connectSchemaDirectory(registryUrl(), subjects);
  return {
    settings,
    signal,
    progress,
    now: () => instantOfMillis(options.now()),
    log: openLog,
    directory,
    source: async () => ({ log: await openLog(), directory: await directory(), signal }),
    analytics() {
      analytics ??= openAnalytics(given(settings.clickhouse, 'ClickHouse', 'CLICKHOUSE_URL'));
      return analytics;
    },
    registryUrl,
    async close() {
      await Promise.allSettled([log?.close(), analytics?.close()]);
    },
  };
}

const REQUEST_TIMEOUT_MS = 10_000;

export function readSettings(env: ContextOptions['env']): Settings {
  // An empty variable says nothing, as in most shells.
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(present);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw usageError(
      `the environment is not usable: ${problems.join('; ')}`,
      'Correct or unset these variables.',
    );
  }
  const own = parsed.data;
  const stack = readRunningStack(own.LEDGER_STATE_DIR);
  return {
    kafkaBrokers: own.KAFKA_BROKERS ?? stack?.kafkaBrokers ?? null,
    schemaRegistryUrl: own.SCHEMA_REGISTRY_URL ?? stack?.schemaRegistryUrl ?? null,
    clickhouse: clickhouseOf(own, stack),
    gateway: gatewayOf(own, stack),
    javaHome: own.JAVA_HOME ?? null,
    signingKey: own.LEDGER_SIGNING_KEY ?? null,
    stateDir: own.LEDGER_STATE_DIR,
    stackRuns: stack !== null,
  };
}

type Own = z.infer<typeof Environment>;
type Stack = ReturnType<typeof readRunningStack>;

/** The writer's name and password belong to the stack's own server and are never sent to another one. */
function clickhouseOf(own: Own, stack: Stack): Settings['clickhouse'] {
  const username = own.CLICKHOUSE_USER;
  const password = own.CLICKHOUSE_PASSWORD;
  const database = own.CLICKHOUSE_DATABASE;
  if (own.CLICKHOUSE_URL !== undefined && own.CLICKHOUSE_URL !== stack?.clickhouseUrl) {
    return { url: own.CLICKHOUSE_URL, username: username ?? 'default', password: password ?? '', database };
  }
  if (stack === null) return null;
  const writer = stack.clickhouseWriter;
  return {
    url: stack.clickhouseUrl,
    username: username ?? writer.username,
    password: password ?? (username === undefined ? writer.password : ''),
    database,
  };
}

/** The key of the running stack is used for a gateway that is named without a key of its own. */
function gatewayOf(own: Own, stack: Stack): Settings['gateway'] {
  const address =
    own.GATEWAY_URL ?? (stack === null ? undefined : readAddresses(own.LEDGER_STATE_DIR)?.gatewayUrl);
  if (address === undefined) return null;
  const url = address.replace(/\/+$/, '');
  const secrets = stack === null ? null : secretsOf(own.LEDGER_STATE_DIR);
  const apiKey = own.GATEWAY_API_KEY ?? secrets?.gatewayApiKey ?? null;
  return apiKey === null ? null : { url, apiKey, paymentSecret: secrets?.paymentSecret ?? null };
}

function given<T>(value: T | null, part: string, variable: string): T {
  if (value !== null) return value;
  throw new CliError('address_unknown', `nothing says where the ${part} is`, {
    exitCode: EXIT.unreachable,
    wayOut: `Start the stack with \`npm start\`, or set ${variable}.`,
  });
}
