/**
 * A bench for one task: a log in memory with every topic, a small processor that is easy to reason about, and helpers
 * that append, drain and read.
 *
 * Append times come from `clock`, which a test moves; nothing waits for real time.
 */
import { type ReadSource, readValues } from '../../infra/proof/read-topic.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import type { RecordName, RecordTypes } from '../../schemas/generated/record-types.ts';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { parseAccountId } from '../../schemas/ids.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import type { Cell } from '../../topology/cell.ts';
import { LIMITS, type Limits } from '../../topology/limits.ts';
import { shareOf } from '../../topology/lock.ts';
import { MemoryLog, type MemoryLogOptions } from '../../topology/log-memory.ts';
import { type AnyProcessor, defineProcessor, table } from '../../topology/processor.ts';
import { Task, type TaskOptions } from '../../topology/task.ts';
import { type RecordOf, SERVICES, serviceTopics, TOPICS, type TopicName } from '../../topology/topics.ts';

export const NOW = Date.UTC(2026, 2, 10, 12);
export const BENCH_LIMITS: Limits = { ...LIMITS, fetchWaitMs: 0, schemaPauseMs: 0, retryPauseMs: 1 };

/** An acceptable use of account `acme`, with changes. */
export function use(change: Partial<UsageEvent> = {}): UsageEvent {
  return {
    requestId: 'req-1',
    accountId: parseAccountId('acme'),
    projectId: null,
    apiKeyId: 'key-1',
    kind: 'model',
    provider: 'openai',
    model: 'gpt-5',
    serviceTier: 'standard',
    inputTokens: 1_000,
    outputTokens: 200,
    cacheReadTokens: 600,
    cacheWriteTokens: 400,
    reasoningTokens: 200,
    calls: 1,
    characters: 0,
    gpuMillis: 0,
    latencyMs: 850,
    status: 'success',
    errorCode: null,
    occurredAt: instantOfMillis(NOW),
    sessionId: null,
    traceId: 'trace-1',
    businessUnit: 'support',
    costCentre: 'cc-100',
    useCase: 'answer tickets',
    workflowStep: 'draft',
    riskTier: 'low',
    environment: 'production',
    userRole: 'agent',
    routePolicyVersion: 'v3',
    cacheStatus: 'hit',
    businessOutcomeId: null,
    sourceId: null,
    sourceSequence: null,
    backfill: false,
    sentAt: null,
    ...change,
  };
}

/**
 * Counts the uses of each account and says so in an outcome claim: the smallest processor with state, outputs and
 * stream time. The table's record is a clock tick because that is the smallest record.
 */
export const tally: AnyProcessor = defineProcessor({
  service: 'rating',
  publishesAdmission: true,
  inputs: ['accounts', 'usage-events', 'clock-ticks'],
  outputs: ['outcome-claims'],
  tables: { counts: table('ClockTick') },
  decide(tables, input) {
    if (input.topic !== 'usage-events') return [];
    const { accountId, requestId } = input.value;
    const value = {
      claimId: `${accountId}-${(tables.counts.get(accountId)?.sequence ?? 0) + 1}`,
      accountId,
      outcomeType: 'tally',
      caseId: requestId,
      traceId: null,
      projectId: null,
      costCentre: 'none',
      claimedAt: input.streamTime ?? input.recordedAt,
    };
    return [{ topic: 'outcome-claims', key: accountId, value }];
  },
  evolve(tables, fact) {
    if (fact.topic !== 'outcome-claims') return;
    const { accountId, claimedAt } = fact.value;
    const before = tables.counts.get(accountId)?.sequence ?? 0;
    tables.counts.set(accountId, { sequence: before + 1, time: claimedAt });
  },
});

export interface Bench {
  readonly log: MemoryLog;
  readonly directory: MemorySchemaDirectory;
  readonly clock: { now: number };
}

export async function newBench(
  options: {
    readonly partitions?: number;
    readonly faults?: MemoryLogOptions['faults'];
    readonly clusterId?: string;
  } = {},
): Promise<Bench> {
  const { partitions = 1, faults, clusterId = 'memory' } = options;
  const clock = { now: NOW };
  const log = new MemoryLog({ now: () => clock.now, clusterId, ...(faults === undefined ? {} : { faults }) });
  const derived = SERVICES.flatMap((service) => Object.values(serviceTopics(service)));
  const names = [...Object.keys(TOPICS), ...derived];
  await log.admin.createTopics(names.map((name) => ({ name, partitions, replicationFactor: 1, config: {} })));
  const directory = new MemorySchemaDirectory();
  // Asked for an id before it is asked for a record, the directory knows the schemas of all records.
  directory.writerSchema(0);
  return { log, directory, clock };
}

/** Appends bytes; the key is that of account `acme` unless given. */
export async function appendBytes(
  bench: Bench,
  place: { readonly topic: string; readonly partition?: number; readonly key?: Buffer | null },
  ...values: readonly (Buffer | null)[]
): Promise<void> {
  const { topic, partition = 0, key = Buffer.from('acme') } = place;
  await bench.log.append(values.map((value) => ({ topic, partition, key, value })));
}

/** Appends records to partition 0, keyed by their account, or by the partition where they have none. */
export async function appendValues<T extends TopicName>(
  bench: Bench,
  topic: T,
  ...values: readonly RecordTypes[RecordOf<T>][]
): Promise<void> {
  const record: RecordOf<T> = TOPICS[topic].record;
  for (const value of values) {
    const key = 'accountId' in value ? value.accountId : '0';
    const framed = encodeFramed(record, value, bench.directory.idOf(record));
    await appendBytes(bench, { topic, key: Buffer.from(key) }, framed);
  }
}

/** A task on partition 0 alone. */
export async function acquire(bench: Bench, options: Partial<TaskOptions> = {}): Promise<Task> {
  const { log, directory } = bench;
  const share = shareOf(options.processor?.service ?? tally.service, { k: 0, n: 1 }, 1);
  return Task.acquire({ log, directory, processor: tally, share, limits: BENCH_LIMITS, ...options });
}

/** What a task with a single partition knows. */
export function onlyCell(task: Task): Cell {
  const [cell, ...others] = task.cells;
  if (cell === undefined || others.length > 0) throw new Error(`the task has ${task.cells.length} cells`);
  return cell;
}

/** Works until nothing is waiting; returns the number of transactions. */
export async function drain(task: Task): Promise<number> {
  for (let steps = 0; ; steps += 1) {
    await task.inbox.fill();
    if ((await task.step()).length === 0) return steps;
  }
}

/** Every committed record of a topic that is one of `record`. */
export async function valuesOf<N extends RecordName>(
  source: ReadSource,
  topic: string,
  record: N,
): Promise<readonly RecordTypes[N][]> {
  const found: RecordTypes[N][] = [];
  await readValues(source, { topic, record }, (value) => {
    if (value !== null) found.push(value);
  });
  return found;
}
