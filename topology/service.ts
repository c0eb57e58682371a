/**
 * Runs one service: which partitions are ours, one task for each, until told to stop.
 *
 * Boundary: `main.ts` hands in the environment and the signal; nothing here reads either.
 *
 * Invariants:
 *  1. A service starts only when all its inputs have the same number of partitions.
 *  2. One task that must end the process ends all of them: a half-working service is never left running.
 */
import pino, { type Logger } from 'pino';
import { z } from 'zod';
import type { RecordName } from '../schemas/generated/record-types.ts';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import { connectSchemaDirectory } from '../schemas/schema-directory-registry.ts';
import { GRAPH } from './graph.ts';
import { LIMITS, type Limits } from './limits.ts';
import type { Log } from './log.ts';
import { openKafkaLog } from './log-kafka.ts';
import type { AnyProcessor } from './processor.ts';
import { type RunHooks, runTask } from './run.ts';
import { subjectsOf } from './subjects.ts';
import { serviceTopics } from './topics.ts';

const Environment = z.object({
  KAFKA_BROKERS: z.string().min(1),
  SCHEMA_REGISTRY_URL: z.url(),
  /** Which share of the partitions this process takes: `k/n` with 0 <= k < n, or `group` for an elastic group. */
  LEDGER_INSTANCE: z.union([z.literal('group'), z.string().regex(/^\d+\/[1-9]\d*$/)]).default('0/1'),
  LEDGER_COMMIT_INTERVAL_MS: z.coerce.number().int().min(0).max(60_000).optional(),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export type ServiceEnvironment = z.infer<typeof Environment>;

interface Running {
  readonly processor: AnyProcessor;
  readonly log: Log;
  readonly directory: SchemaDirectory;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly partitions: number;
  readonly signal: AbortSignal;
}

/** Resolves when the service has stopped cleanly; rejects with the error that must end the process. */
export async function runService(processor: AnyProcessor, env: unknown, signal: AbortSignal): Promise<void> {
  const settings = parseEnvironment(env);
  const logger = pino({ base: { service: processor.service }, level: settings.LOG_LEVEL });
  const log = openKafkaLog({
    brokers: settings.KAFKA_BROKERS.split(','),
    clientId: `ledger-${processor.service}`,
  });
  try {
    const directory = await connectSchemaDirectory(settings.SCHEMA_REGISTRY_URL, writtenBy(processor));
    const partitions = await commonPartitionCount(log, processor);
    const commitIntervalMs = settings.LEDGER_COMMIT_INTERVAL_MS ?? GRAPH[processor.service].commitIntervalMs;
    const limits = { ...LIMITS, commitIntervalMs };
    const running = { processor, log, directory, limits, logger, partitions, signal };
    await (settings.LEDGER_INSTANCE === 'group'
      ? runElastic(running)
      : runShare(running, shareOf(settings.LEDGER_INSTANCE, partitions)));
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

async function commonPartitionCount(log: Log, processor: AnyProcessor): Promise<number> {
  const counts = await Promise.all(processor.inputs.map((topic) => log.partitionCount(topic)));
  const distinct = new Set(counts);
  if (distinct.size === 1) return counts[0] ?? 0;
  const listed = processor.inputs.map((topic, index) => `${topic} has ${counts[index]}`).join(', ');
  throw new Error(`the inputs of ${processor.service} must have the same partition count: ${listed}`);
}

/** Static assignment: instance k of n owns the partitions p with p mod n = k. */
function shareOf(instance: string, partitions: number): readonly number[] {
  const [k = 0, n = 1] = instance.split('/').map(Number);
  if (k >= n) throw new Error(`LEDGER_INSTANCE ${instance}: instances are numbered 0 to ${n - 1}`);
  return Array.from({ length: partitions }, (_, partition) => partition).filter((p) => p % n === k);
}

/** Runs the tasks of these partitions until the signal; the first that must end the process stops the others. */
async function runShare(running: Running, partitions: readonly number[]): Promise<void> {
  const failure = new AbortController();
  const signal = AbortSignal.any([running.signal, failure.signal]);
  let acquired = 0;
  const onAcquired = (): void => {
    acquired += 1;
    if (acquired === partitions.length) running.logger.info({ partitions, ready: true }, 'ready');
  };
  const results = await Promise.allSettled(
    partitions.map(async (partition) => {
      try {
        const hooks = { ...hooksOf(running, partition), onAcquired };
        const end = await runTask({ ...running, partition }, hooks, signal);
        if (end === 'fenced') throw new Error(`partition ${partition} was taken over by another instance`);
      } catch (error) {
        failure.abort();
        throw error;
      }
    }),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Elastic assignment: the group says which partitions are ours; a fenced task waits for the next assignment. */
async function runElastic(running: Running): Promise<void> {
  const membership = await running.log.join(running.processor.service, running.partitions);
  const leave = (): void => void membership.leave().catch(() => undefined);
  running.signal.addEventListener('abort', leave, { once: true });
  const tasks = new Map<number, { readonly stop: AbortController; readonly done: Promise<unknown> }>();
  let failure: unknown = null;
  try {
    while (!running.signal.aborted && failure === null) {
      const assigned = await membership.next();
      for (const [partition, task] of tasks) {
        if (assigned.includes(partition)) continue;
        task.stop.abort();
        await task.done;
        tasks.delete(partition);
      }
      for (const partition of assigned) {
        if (tasks.has(partition)) continue;
        const stop = new AbortController();
        const signal = AbortSignal.any([running.signal, stop.signal]);
        const done = runTask({ ...running, partition }, hooksOf(running, partition), signal)
          .catch((error: unknown) => {
            failure = error;
            leave();
          })
          .finally(() => tasks.delete(partition));
        tasks.set(partition, { stop, done });
      }
      running.logger.info({ partitions: assigned, ready: true }, 'assigned');
    }
  } finally {
    for (const task of tasks.values()) task.stop.abort();
    await Promise.all([...tasks.values()].map((task) => task.done));
  }
  if (failure !== null) throw failure;
}

function hooksOf(running: Running, partition: number): RunHooks {
  return {
    onTrouble: (error, reaction) =>
      running.logger.warn({ partition, err: error, reaction }, 'task interrupted'),
    onStep: (result, tookMs) =>
      running.logger.debug({ partition, step: result.step.step, ...result.counts, tookMs }, 'step'),
  };
}
