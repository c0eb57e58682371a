/**
 * The share of a service that one process has: which partitions are ours, worked on until told to stop.
 *
 * A fixed share is one task; under an elastic group each partition is a task of its own, since they come and go alone.
 *
 * Boundary: works on any log; opening one, and the settings, are `service.ts`.
 *
 * Invariants:
 *  1. A service starts only when all its inputs have the same number of partitions.
 *  2. One task that must end the process ends all of them: a half-working service is never left running.
 *  3. `ready` is said when every partition of the share has been acquired, again with each new assignment.
 *  4. A fenced task is not acquired again until the group assigns its partition anew; an instance with a fixed share
 *     ends, because somebody else was started on it.
 */
import type { Logger } from 'pino';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import type { Limits } from './limits.ts';
import { type Share, shareOf } from './lock.ts';
import type { Log } from './log.ts';
import type { AnyProcessor } from './processor.ts';
import { type RunHooks, runTask } from './run.ts';
import type { StateCaches } from './state-cache-folder.ts';
import type { ServiceName } from './topics.ts';

export interface InstanceOptions {
  readonly processor: AnyProcessor;
  readonly log: Log;
  readonly directory: SchemaDirectory;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly caches?: StateCaches | undefined;
}

/** `instance` is `k/n` for a fixed share, or `group`. Resolves when stopped; rejects with what must end the process. */
export async function runInstance(options: InstanceOptions, instance: string): Promise<void> {
  const partitions = await commonPartitionCount(options.log, options.processor);
  await (instance === 'group'
    ? runElastic(options, partitions)
    : runShare(options, fixedShare(options.processor.service, instance, partitions)));
}

async function commonPartitionCount(log: Log, processor: AnyProcessor): Promise<number> {
  const counts = await Promise.all(processor.inputs.map((topic) => log.partitionCount(topic)));
  const distinct = new Set(counts);
  if (distinct.size === 1) return counts[0] ?? 0;
  const listed = processor.inputs.map((topic, index) => `${topic} has ${counts[index]}`).join(', ');
  throw new Error(`the inputs of ${processor.service} must have the same partition count: ${listed}`);
}

/** Static assignment: instance k of n owns the partitions p with p mod n = k. */
function fixedShare(service: ServiceName, instance: string, partitions: number): Share {
  const [k = 0, n = 1] = instance.split('/').map(Number);
  if (k >= n) throw new Error(`LEDGER_INSTANCE ${instance}: instances are numbered 0 to ${n - 1}`);
  if (k >= partitions) {
    throw new Error(`LEDGER_INSTANCE ${instance}: there are ${partitions} partitions, none is left for it`);
  }
  return shareOf(service, { k, n }, partitions);
}

async function runShare(options: InstanceOptions, share: Share): Promise<void> {
  const { partitions } = share;
  let isReady = false;
  const onAcquired = (): void => {
    if (!isReady) options.logger.info({ partitions, ready: true }, 'ready');
    isReady = true;
  };
  const hooks = { ...hooksOf(options, partitions), onAcquired };
  const end = await runTask({ ...options, share }, hooks, options.signal);
  if (end === 'fenced') {
    throw new Error(`another instance has taken over partitions ${partitions.join(', ')}, or some of them`);
  }
}

interface RunningTask {
  readonly stop: AbortController;
  readonly done: Promise<unknown>;
  isAcquired: boolean;
}

/** Elastic assignment: the group says which partitions are ours; a fenced task waits for the next assignment. */
async function runElastic(options: InstanceOptions, partitions: number): Promise<void> {
  const { log, logger, processor, signal } = options;
  const membership = await log.join(processor.service, partitions);
  let leaving: Promise<void> | null = null;
  const leave = (): Promise<void> => {
    leaving ??= membership.leave().catch(() => undefined);
    return leaving;
  };
  const onAbort = (): void => void leave();
  signal.addEventListener('abort', onAbort, { once: true });
  const tasks = new Map<number, RunningTask>();
  let assigned: readonly number[] = [];
  const noteIfReady = (): void => {
    const ready = assigned.every((partition) => tasks.get(partition)?.isAcquired === true);
    if (ready) logger.info({ partitions: assigned, ready }, 'ready');
  };
  let failure: { readonly error: unknown } | null = null;
  const start = (partition: number): void => {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const share = shareOf(processor.service, { k: partition, n: partitions }, partitions);
    const onAcquired = (): void => {
      if (running.isAcquired) return;
      running.isAcquired = true;
      noteIfReady();
    };
    const hooks = { ...hooksOf(options, share.partitions), onAcquired };
    const done = runTask({ ...options, share }, hooks, either)
      .catch((error: unknown) => {
        failure ??= { error };
        onAbort();
      })
      .finally(() => tasks.delete(partition));
    const running: RunningTask = { stop, done, isAcquired: false };
    tasks.set(partition, running);
  };
  try {
    while (!signal.aborted && failure === null) {
      assigned = await membership.next();
      await stopAll([...tasks].filter(([partition]) => !assigned.includes(partition)));
      if (signal.aborted || failure !== null) break;
      for (const partition of assigned) {
        if (!tasks.has(partition)) start(partition);
      }
      noteIfReady();
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    await stopAll([...tasks]);
    await leave();
  }
  throwIfFailed(failure);
}

async function stopAll(tasks: readonly (readonly [number, RunningTask])[]): Promise<void> {
  for (const [, { stop }] of tasks) stop.abort();
  await Promise.all(tasks.map(([, { done }]) => done));
}

function throwIfFailed(failure: { readonly error: unknown } | null): void {
  if (failure !== null) throw failure.error;
}

function hooksOf({ logger }: InstanceOptions, partitions: readonly number[]): RunHooks {
  return {
    onTrouble: (error, reaction) => logger.warn({ partitions, err: error, reaction }, 'task interrupted'),
    onCommitted: (steps, tookMs) => {
      for (const { step, counts } of steps) {
        logger.debug({ partition: step.partition, step: step.step, ...counts, tookMs }, 'step');
      }
    },
  };
}
