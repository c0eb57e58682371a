/**
 * Rating over more and more partitions, all tasks in one process: what a partition costs where the events are as many.
 *
 * Needs a log and nothing else: the embedded broker for the figures, one in memory for the test. Every partition count has
 * topics of its own, filled before its tasks start; the clock runs from their start until all uses are committed, so
 * taking the tasks over is in it. Each use must give one charge.
 */
import { anchorAt } from '../../infra/main-job/job-file.ts';
import { generatedUses } from '../../infra/main-job/usage.ts';
import { customers, type JobPlan, priceBooks } from '../../infra/main-job/world.ts';
import { readValues } from '../../infra/proof/read-topic.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { rating } from '../../services/rating/processor.ts';
import { GRAPH } from '../../topology/graph.ts';
import { LIMITS } from '../../topology/limits.ts';
import { shareOf } from '../../topology/lock.ts';
import type { Log } from '../../topology/log.ts';
import { Publisher } from '../../topology/publisher.ts';
import { runTask } from '../../topology/run.ts';
import type { StepResult } from '../../topology/step.ts';
import { serviceTopics, TOPICS } from '../../topology/topics.ts';
import { createTopics } from './bench-broker.ts';
import { coreTime, held, heldSince } from './memory.ts';
import { MappedLog } from './peer/mapped-log.ts';

const PUBLISHED_AT_ONCE = 2_000;
const LIMITS_OF_RATING = { ...LIMITS, commitIntervalMs: GRAPH.rating.commitIntervalMs };
const COMPACTED = { 'cleanup.policy': 'compact' };

export interface PartitionsOptions {
  readonly log: Log;
  readonly brokerCpuS: () => number;
  readonly partitions: readonly number[];
  readonly accounts: number;
  readonly uses: number;
  readonly tell: (line: string) => void;
}

export interface PartitionsPoint {
  readonly partitions: number;
  readonly uses: number;
  readonly usesPerSecond: number;
  /** Microseconds of processor time a use, of this process and of the broker. */
  readonly cpuUs: number;
  readonly brokerCpuUs: number;
  /** Of the time: the main thread ran, and could have run but other work had its core. The rest it waited for the log. */
  readonly ranShare: number | null;
  readonly noCoreShare: number | null;
  readonly transactions: number;
  /** What the tasks hold when all is done. */
  readonly heldMiB: number;
  readonly wrong: number;
}

export async function growthOfPartitions(options: PartitionsOptions): Promise<readonly PartitionsPoint[]> {
  const points: PartitionsPoint[] = [];
  const [first = 1] = options.partitions;
  // A broker that has just started takes several times as long until it is compiled, and so does this process.
  for (const [index, partitions] of [first, ...options.partitions].entries()) {
    options.tell(`growth: ${partitions} partitions${index === 0 ? ', to warm up' : ''}`);
    points.push(await pointOf(options, partitions, `g${index}`));
  }
  return points.slice(1);
}

async function pointOf(
  options: PartitionsOptions,
  partitions: number,
  prefix: string,
): Promise<PartitionsPoint> {
  const { accounts, uses, brokerCpuS } = options;
  const plan = { seed: 1, accounts, usageEvents: uses, anchor: anchorAt(Date.now()) };
  const directory = new MemorySchemaDirectory();
  directory.writerSchema(0);
  const log = await namedLog(options.log, partitions, prefix);
  await feed({ log, directory, plan });
  const before = held();
  const brokerBefore = brokerCpuS();
  const cpuBefore = process.cpuUsage();
  const coreBefore = coreTime();
  const begun = performance.now();
  const run = startTasks({
    log,
    directory,
    partitions,
    inputs: uses + 2 * accounts + partitions * (await books(log, partitions)),
  });
  await run.done;
  const seconds = (performance.now() - begun) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const coreAfter = coreTime();
  const share = (of: 'ranS' | 'waitedS'): number | null =>
    coreBefore === null || coreAfter === null ? null : (coreAfter[of] - coreBefore[of]) / seconds;
  const brokerS = brokerCpuS() - brokerBefore;
  const { heapBytes, outsideBytes } = heldSince(before);
  const transactions = await run.stop();
  return {
    partitions,
    uses,
    usesPerSecond: Math.round(uses / seconds),
    cpuUs: Math.round(((user + system) * 10) / uses) / 10,
    brokerCpuUs: Math.round((brokerS * 1e7) / uses) / 10,
    ranShare: share('ranS'),
    noCoreShare: share('waitedS'),
    transactions,
    heldMiB: Math.round(((heapBytes + outsideBytes) * 10) / 2 ** 20) / 10,
    wrong: Math.abs(uses - (await chargesOf({ log, directory }))),
  };
}

async function namedLog(log: Log, partitions: number, prefix: string): Promise<Log> {
  const own = serviceTopics(rating.service);
  const names = [...rating.inputs, ...rating.outputs, ...Object.values(own)];
  const topics = Object.fromEntries(names.map((topic) => [topic, `${prefix}-${topic}`]));
  const common = { 'message.timestamp.type': 'LogAppendTime' };
  await createTopics(
    log,
    names.map((topic) => ({
      name: `${prefix}-${topic}`,
      partitions,
      replicationFactor: 1,
      config: topic === own.changelog ? { ...common, ...COMPACTED } : common,
    })),
  );
  return new MappedLog(log, { topics, group: prefix });
}

interface Source {
  readonly log: Log;
  readonly directory: MemorySchemaDirectory;
}

/** Only what rating reads, as the main job publishes it; every use has a price. */
async function feed({ log, directory, plan }: Source & { readonly plan: JobPlan }): Promise<void> {
  const source = '/outcome-ledger/bench';
  const publisher = await Publisher.open({
    log,
    directory,
    source,
    transactionalId: 'feed',
    transactor: 'per_call',
  });
  const people = customers(plan);
  await publisher.publishCopies(priceBooks(plan, 2).map((value) => ({ topic: 'price-books', value })));
  await publisher.publish(people.map(({ account: value }) => ({ topic: 'accounts', value })));
  await publisher.publish(people.map(({ contract: value }) => ({ topic: 'contracts', value })));
  let batch = [];
  for (const value of generatedUses(plan, people)) {
    batch.push({ topic: 'usage-events', value } as const);
    if (batch.length < PUBLISHED_AT_ONCE) continue;
    await publisher.publish(batch);
    batch = [];
  }
  if (batch.length > 0) await publisher.publish(batch);
  await publisher.close();
}

/** Price books of one partition. */
async function books(log: Log, partitions: number): Promise<number> {
  let records = 0;
  await readValues(
    { log, directory: new MemorySchemaDirectory() },
    { topic: 'price-books', record: 'PriceBook' },
    () => {
      records += 1;
    },
  );
  return records / partitions;
}

/** One task for all partitions, as one process of the service has it, until `inputs` records were committed. */
function startTasks(work: Source & { readonly partitions: number; readonly inputs: number }): {
  readonly done: Promise<void>;
  readonly stop: () => Promise<number>;
} {
  const { log, directory, partitions, inputs } = work;
  const stopping = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let taken = 0;
  let transactions = 0;
  const onCommitted = (steps: readonly StepResult[]): void => {
    for (const { counts } of steps) taken += counts.inputs + counts.refusals;
    transactions += 1;
    if (taken >= inputs) resolve();
  };
  const onTrouble = (error: unknown): void => reject(error);
  const share = shareOf(rating.service, { k: 0, n: 1 }, partitions);
  const running = runTask(
    { log, directory, processor: rating, share, limits: LIMITS_OF_RATING },
    { onCommitted, onTrouble },
    stopping.signal,
  );
  const failed = running.then(() => undefined);
  return {
    done: Promise.race([promise, failed]),
    async stop() {
      stopping.abort();
      await failed;
      return transactions;
    },
  };
}

async function chargesOf(source: Source): Promise<number> {
  const ids = new Set<string>();
  await readValues(source, { topic: 'charges', record: TOPICS.charges.record }, (charge) => {
    if (charge?.requestId != null) ids.add(`${charge.accountId}/${charge.requestId}`);
  });
  return ids.size;
}
