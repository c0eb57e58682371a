/**
 * Runs one service on a broker: reads its settings, opens log and registry, and hands them to `share.ts`.
 *
 * Boundary: `main.ts` hands in the environment and the signal; nothing here reads either.
 */
import pino, { type Logger } from 'pino';
import { z } from 'zod';
import type { RecordName } from '../schemas/generated/record-types.ts';
import { connectSchemaDirectory } from '../schemas/schema-directory-registry.ts';
import { GRAPH, type Node } from './graph.ts';
import { LIMITS, type Limits } from './limits.ts';
import { openKafkaLog } from './log-kafka.ts';
import type { AnyProcessor } from './processor.ts';
import { runInstance } from './share.ts';
import { type CacheEvent, StateCaches } from './state-cache-folder.ts';
import { subjectsOf } from './subjects.ts';
import { type ServiceName, serviceTopics } from './topics.ts';

const Environment = z.object({
  KAFKA_BROKERS: z.string().min(1),
  SCHEMA_REGISTRY_URL: z.url(),
  /** Which share of the partitions this process takes: `k/n` with 0 <= k < n, or `group` for an elastic group. */
  LEDGER_INSTANCE: z.union([z.literal('group'), z.string().regex(/^\d+\/[1-9]\d*$/)]).default('0/1'),
  /** The newest version of transactions to use (KIP-890); 1 is the way back should a broker's version 2 be at fault. */
  LEDGER_TRANSACTION_VERSION: z.enum(['1', '2']).default('2'),
  LEDGER_COMMIT_INTERVAL_MS: z.coerce.number().int().min(0).max(60_000).optional(),
  /** Where state is kept on this machine, so that a restart need not read all of it from the changelog; unset: nowhere. */
  LEDGER_CACHE_DIR: z.string().min(1).optional(),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

type ServiceEnvironment = z.infer<typeof Environment>;

/** Resolves when the service has stopped cleanly; rejects with the error that must end the process. */
export async function runService(processor: AnyProcessor, env: unknown, signal: AbortSignal): Promise<void> {
  const settings = parseEnvironment(env);
  const logger = pino({ base: { service: processor.service }, level: settings.LOG_LEVEL });
  const log = openKafkaLog({
    brokers: settings.KAFKA_BROKERS.split(','),
    clientId: `ledger-${processor.service}`,
    transactionVersionMax: settings.LEDGER_TRANSACTION_VERSION === '1' ? 1 : 2,
  });
  try {
    const directory = await connectSchemaDirectory(settings.SCHEMA_REGISTRY_URL, writtenBy(processor));
    const limits = limitsOf(processor.service, settings.LEDGER_COMMIT_INTERVAL_MS);
    const caches = cachesIn(settings.LEDGER_CACHE_DIR, logger);
    const options = { processor, log, directory, limits, logger, signal, caches };
    await runInstance(options, settings.LEDGER_INSTANCE);
    logger.info('stopped');
  } finally {
    await log.close();
  }
}

function parseEnvironment(env: unknown): ServiceEnvironment {
  const parsed = Environment.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`the environment is not usable: ${problems.join('; ')}`);
}

/** One line for each thing that happens to a cache. */
function cachesIn(dir: string | undefined, logger: Logger): StateCaches | undefined {
  if (dir === undefined) return undefined;
  const report = ({ service, kind, error, ...event }: CacheEvent): void => {
    const line = { ...event, ...(error === undefined || error === null ? {} : { err: error }) };
    if (kind === 'used') logger.info(line, 'local cache used');
    else logger.warn(line, `local cache ${kind}`);
  };
  return new StateCaches({ dir, report });
}

/** The records this service writes, and UsageEvent, whose own schema id tells which payloads are canonical. */
function writtenBy(
  processor: AnyProcessor,
): readonly { readonly subject: string; readonly recordName: RecordName }[] {
  const own = serviceTopics(processor.service);
  const topics = new Set<string>([
    ...processor.outputs,
    own.rejected,
    own.changelog,
    own.steps,
    'usage-events',
  ]);
  return subjectsOf([processor])
    .filter(({ topic }) => topics.has(topic))
    .map(({ subject, recordName }) => ({ subject, recordName }));
}

/** The runtime's limits with the pace of this node of the graph. */
function limitsOf(service: ServiceName, commitInterval: number | undefined): Limits {
  const node: Node = GRAPH[service];
  const commitIntervalMs = commitInterval ?? node.commitIntervalMs;
  if (node.gathers !== true) return { ...LIMITS, commitIntervalMs };
  // A fetch that waits at the broker is looked at again on every append to any of its inputs, so this one does not wait.
  return { ...LIMITS, commitIntervalMs, fetchWaitMs: 0, fetchPauseMs: commitIntervalMs };
}
