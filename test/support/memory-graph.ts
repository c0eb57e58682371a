/**
 * The whole graph on a log in memory, fed with the main job: what the real system does, in one process and one thread.
 *
 * A worker stands for one process with a share of one service. When its step fails it is thrown away and acquired again,
 * as `topology/run.ts` does.
 */

import { firstTick, laterTicks } from '../../infra/main-job/clock.ts';
import { outcomes, payments } from '../../infra/main-job/outcomes.ts';
import { poison } from '../../infra/main-job/poison.ts';
import { Random } from '../../infra/main-job/random.ts';
import { disturbed, generatedUses } from '../../infra/main-job/usage.ts';
import { customers, type JobPlan, outcomeDefinitions, priceBooks } from '../../infra/main-job/world.ts';
import { PROCESSORS } from '../../infra/processors.ts';
import { Counts } from '../../infra/proof/sums.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { reactionTo } from '../../topology/failures.ts';
import { LIMITS } from '../../topology/limits.ts';
import { type Share, shareOf } from '../../topology/lock.ts';
import { MemoryLog, type MemoryLogOptions } from '../../topology/log-memory.ts';
import type { AnyProcessor } from '../../topology/processor.ts';
import type { Publication } from '../../topology/publication.ts';
import { Publisher } from '../../topology/publisher.ts';
import { Task } from '../../topology/task.ts';
import { serviceTopics, TOPICS } from '../../topology/topics.ts';

export const PARTITIONS = 2;
const NOW = Date.UTC(2026, 10, 22, 12);
const BATCH = 500;

export interface MemoryGraph {
  readonly log: MemoryLog;
  readonly directory: MemorySchemaDirectory;
  readonly plan: JobPlan;
  readonly random: Random;
}

export async function newGraph(options: {
  readonly seed: number;
  readonly uses: number;
  readonly faults?: MemoryLogOptions['faults'];
}): Promise<MemoryGraph> {
  // Every append has a time of its own, as on a broker that is never asked twice in a millisecond.
  let appends = 0;
  const log = new MemoryLog({
    now: () => {
      appends += 1;
      return NOW + appends;
    },
    ...(options.faults === undefined ? {} : { faults: options.faults }),
  });
  const services = PROCESSORS.flatMap(({ service }) => Object.values(serviceTopics(service)));
  await log.admin.createTopics(
    [...Object.keys(TOPICS), ...services].map((name) => ({
      name,
      partitions: PARTITIONS,
      replicationFactor: 1,
      config: {},
    })),
  );
  const plan = { seed: options.seed, accounts: 20, usageEvents: options.uses, anchor: instantOfMillis(NOW) };
  return { log, directory: new MemorySchemaDirectory(), plan, random: new Random(options.seed) };
}

/** Holds one task, acquired on first use and after every failure. */
export class Worker {
  readonly #graph: MemoryGraph;
  readonly #processor: AnyProcessor;
  readonly #share: Share;
  #task: Task | null = null;
  failures = 0;

  constructor(graph: MemoryGraph, processor: AnyProcessor, share: Share) {
    this.#graph = graph;
    this.#processor = processor;
    this.#share = share;
  }

  /** True when something was done, a failure and recovery included. */
  async work(): Promise<boolean> {
    try {
      this.#task ??= await this.acquire();
      await this.#task.inbox.fill();
      if ((await this.#task.step()).length > 0) return true;
      if (this.#task.owesPositions) await this.#task.publishPositions();
      return false;
    } catch (error) {
      if (reactionTo(error) === 'exit') throw error;
      this.failures += 1;
      this.#task = null;
      return true;
    }
  }

  /** Forgets the task without closing anything, as SIGKILL would. */
  kill(): void {
    this.#task = null;
  }

  async acquire(): Promise<Task> {
    const { log, directory, random } = this.#graph;
    const limits = { ...LIMITS, stepRecordsMax: 1 + random.below(400), fetchWaitMs: 0, schemaPauseMs: 0 };
    return Task.acquire({ log, directory, processor: this.#processor, share: this.#share, limits });
  }
}

/** Every other service is shared by two processes, each with one partition; the rest have one with both. */
export function workersOf(
  graph: MemoryGraph,
  processors: readonly AnyProcessor[] = PROCESSORS,
): readonly Worker[] {
  return processors.flatMap((processor, index) => {
    const n = index % 2 === 0 ? 1 : PARTITIONS;
    return Array.from({ length: n }, (_, k) => {
      return new Worker(graph, processor, shareOf(processor.service, { k, n }, PARTITIONS));
    });
  });
}

/** Lets workers take turns in random order until a whole round finds nothing to do. */
export async function drain(graph: MemoryGraph, workers: readonly Worker[]): Promise<void> {
  for (let isBusy = true; isBusy; ) {
    isBusy = false;
    for (const worker of graph.random.shuffle(workers)) if (await worker.work()) isBusy = true;
  }
}

export interface JobHooks {
  /** Called between batches of uses. */
  readonly betweenBatches?: () => Promise<void>;
}

/** Feeds the main job and works it off; returns what was sent to usage-events by fate. */
export async function runMainJob(
  graph: MemoryGraph,
  workers: readonly Worker[],
  hooks: JobHooks = {},
): Promise<Counts> {
  const { log, directory, plan } = graph;
  const publisher = await Publisher.open({
    log,
    directory,
    source: '/test',
    transactionalId: 'test-reference-data',
    transactor: 'per_call',
  });
  const people = customers(plan);
  let ticks = 0;
  const tick = async (time: ReturnType<typeof firstTick>): Promise<void> => {
    ticks += 1;
    await publisher.publishCopies([{ topic: 'clock-ticks', value: { sequence: ticks, time } }]);
    await drain(graph, workers);
  };
  await publisher.publishCopies(priceBooks(plan, 1).map((value) => ({ topic: 'price-books', value })));
  await publisher.publishCopies(
    outcomeDefinitions(plan).map((value) => ({ topic: 'outcome-definitions', value })),
  );
  await publisher.publish(people.map(({ account: value }) => ({ topic: 'accounts', value })));
  await publisher.publish(people.map(({ contract: value }) => ({ topic: 'contracts', value })));
  await tick(firstTick(plan.anchor));
  await publisher.publish(sideFacts(plan, people));
  const sent = await feedUses(graph, publisher, hooks);
  await drain(graph, workers);
  await publisher.publishCopies(priceBooks(plan, 2).map((value) => ({ topic: 'price-books', value })));
  await drain(graph, workers);
  for (const time of laterTicks(plan.anchor)) await tick(time);
  await publisher.close();
  return sent;
}

function sideFacts(plan: JobPlan, people: ReturnType<typeof customers>): readonly Publication[] {
  const { claims, verifications } = outcomes(plan, people);
  return [
    ...verifications.map((value): Publication => ({ topic: 'outcome-verifications', value })),
    ...claims.map((value): Publication => ({ topic: 'outcome-claims', value })),
    ...payments(plan, people).map((value): Publication => ({ topic: 'payment-events', value })),
  ];
}

async function feedUses(graph: MemoryGraph, publisher: Publisher, hooks: JobHooks): Promise<Counts> {
  const { log, directory, plan } = graph;
  const items = [...disturbed(plan, generatedUses(plan, customers(plan)))];
  const sent = new Counts();
  for (const { fate } of items) sent.add(fate);
  for (let start = 0; start < items.length; start += BATCH) {
    const batch = items.slice(start, start + BATCH);
    await publisher.publish(batch.map(({ event: value }) => ({ topic: 'usage-events', value })));
    await hooks.betweenBatches?.();
  }
  const [first] = items;
  if (first === undefined) return sent;
  const bad = poison({ ...first.event, requestId: 'poisoned' }, directory, PARTITIONS);
  await log.append(bad.map(({ record }) => record));
  for (const { code } of bad) sent.add(code);
  return sent;
}
