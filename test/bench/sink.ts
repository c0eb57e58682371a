/**
 * Rows per processor second of the client: what the sink does with a record, against the plain way of
 * @clickhouse/client, one object a row and JSONEachRow.
 *
 * Both decode the same cost events with the same decoder and insert the same blocks into the same server, which is a
 * process of its own and not counted. What is counted is all processor time of this process, its threads included. Runs
 * alternate, the medians count, and in the end both databases must hold the same rows to the last digit.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { z } from 'zod';
import { type Progress, SILENT } from '../../infra/cli/progress.ts';
import { generatedUses } from '../../infra/main-job/usage.ts';
import { customers, priceBooks } from '../../infra/main-job/world.ts';
import { PROCESSORS } from '../../infra/processors.ts';
import { formatAmount } from '../../schemas/amount.ts';
import { decodeFramed } from '../../schemas/codec.ts';
import type { CostEvent } from '../../schemas/generated/cost-event.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import { OpenBlock } from '../../services/analytics-sink/block.ts';
import { routesOf } from '../../services/analytics-sink/routes.ts';
import { applyAnalyticsSchema } from '../../services/analytics-sink/schema.ts';
import { ClickHouseStore } from '../../services/analytics-sink/store-clickhouse.ts';
import type { LogRecord } from '../../topology/log.ts';
import { Publisher } from '../../topology/publisher.ts';
import { type Endpoint, startEndpoint } from '../contract/clickhouse-endpoint-support.ts';
import { drain, type MemoryGraph, newGraph, workersOf } from '../support/memory-graph.ts';
import { type Comparison, contestResult } from './rounds.ts';

const USES = 20_000;
const ACCOUNTS = 2_000;
const PUBLISHED_AT_ONCE = 1_000;
const BLOCK_RECORDS = 5_000;
const ROUNDS = 5;
const WARM_ROUNDS = 1;
const WAYS = ['sink', 'plain'] as const;

type Way = (typeof WAYS)[number];

/** The sink first, as every comparison has ours first; its threads are counted too. */
export async function sinkRows(progress: Progress = SILENT, uses = USES): Promise<Comparison> {
  const { directory, records } = await costEvents(uses);
  const endpoint = await startEndpoint();
  try {
    const seconds: Record<Way, number[]> = { sink: [], plain: [] };
    const sides = {
      sink: await openSink(endpoint, directory),
      plain: await openPlain(endpoint, directory),
    };
    const shown = progress.start('rows into ClickHouse', 2 * (WARM_ROUNDS + ROUNDS) * records.length);
    for (let round = 0; round < WARM_ROUNDS + ROUNDS; round += 1) {
      const taken = records.map((record) => ({ ...record, offset: round * records.length + record.offset }));
      for (const way of round % 2 === 0 ? WAYS : WAYS.toReversed()) {
        const before = process.cpuUsage();
        for (let at = 0; at < taken.length; at += BLOCK_RECORDS) {
          await sides[way].insert(taken.slice(at, at + BLOCK_RECORDS));
        }
        const { user, system } = process.cpuUsage(before);
        if (round >= WARM_ROUNDS) seconds[way].push((user + system) / 1e6);
        shown.add(taken.length);
      }
    }
    shown.end();
    const found = { sink: await sides.sink.checksum(), plain: await sides.plain.checksum() };
    for (const way of WAYS) await sides[way].close();
    const contest = contestResult({
      name: 'rows of usage',
      operations: records.length,
      operation: 'rows',
      sides: [
        { name: 'sink', seconds: seconds.sink },
        { name: 'JSONEachRow', seconds: seconds.plain },
      ],
    });
    const compared = records.length * (WARM_ROUNDS + ROUNDS);
    // One checksum over all rows says whether they differ, not how many of them do.
    return { contests: [contest], compared, differences: found.sink === found.plain ? 0 : 1 };
  } finally {
    await endpoint.remove();
  }
}

/** Cost events as cost-attribution writes them, on one partition. */
async function costEvents(
  uses: number,
): Promise<{ directory: SchemaDirectory; records: readonly LogRecord[] }> {
  const made = await newGraph({ seed: 1, uses });
  const graph: MemoryGraph = { ...made, plan: { ...made.plan, accounts: ACCOUNTS } };
  const { log, directory, plan } = graph;
  const workers = workersOf(
    graph,
    PROCESSORS.filter(({ service }) => service === 'cost-attribution'),
  );
  const publisher = await Publisher.open({
    log,
    directory,
    source: '/outcome-ledger/bench',
    transactionalId: 'bench',
    transactor: 'per_call',
  });
  await publisher.publishCopies(priceBooks(plan, 2).map((value) => ({ topic: 'price-books', value })));
  const events = [...generatedUses(plan, customers(plan))];
  for (let at = 0; at < events.length; at += PUBLISHED_AT_ONCE) {
    const some = events.slice(at, at + PUBLISHED_AT_ONCE);
    await publisher.publish(some.map((value) => ({ topic: 'usage-events', value })));
    await drain(graph, workers);
  }
  await publisher.close();
  const reader = await log.reader({
    positions: [{ topic: 'cost-events', partition: 0, offset: 0 }],
    fetchBytesMax: 1 << 28,
    partitionBytesMax: 1 << 28,
    fetchWaitMs: 0,
  });
  const slices = await reader.fetch();
  await reader.close();
  return { directory, records: slices.flatMap(({ records }) => records) };
}

interface Side {
  insert(records: readonly LogRecord[]): Promise<void>;
  checksum(): Promise<string>;
  close(): Promise<void>;
}

async function openSink(endpoint: Endpoint, directory: SchemaDirectory): Promise<Side> {
  const client = await databaseOf(endpoint, 'of_the_sink');
  const store = new ClickHouseStore({
    client,
    sinkId: 'bench',
    pause: (ms) => pause(ms),
    nowMs: () => performance.now(),
  });
  await store.settle();
  const route = routesOf(directory).find(({ topic }) => topic === 'cost-events');
  if (route === undefined) throw new Error('the sink has no route for cost-events');
  return {
    async insert(records) {
      const [first] = records;
      if (first === undefined) return;
      const open = new OpenBlock(route, first, 0);
      for (const record of records) open.add(record);
      const block = open.seal();
      if (block !== null) await store.insert(block);
    },
    checksum: () => checksumOf(client),
    close: () => store.close(),
  };
}

async function openPlain(endpoint: Endpoint, directory: SchemaDirectory): Promise<Side> {
  const client = await databaseOf(endpoint, 'of_the_plain_way');
  return {
    async insert(records) {
      const values = records.map((record) => {
        if (record.value === null) throw new Error('a cost event has no value');
        const decoded = decodeFramed('CostEvent', record.value, (id) => directory.writerSchema(id));
        if (!decoded.ok) throw new Error(decoded.message);
        return rowOf(decoded.value, record);
      });
      await client.insert({
        table: 'usage',
        values,
        format: 'JSONEachRow',
        clickhouse_settings: { async_insert: 0, wait_end_of_query: 1 },
      });
    },
    checksum: () => checksumOf(client),
    close: () => client.close(),
  };
}

function clientOf({ url, writer }: Endpoint, database: string) {
  return createClient({ url, ...writer, database });
}

async function databaseOf(endpoint: Endpoint, name: string): Promise<ReturnType<typeof clientOf>> {
  const first = clientOf(endpoint, 'default');
  await first.command({ query: `CREATE DATABASE ${name}` });
  await first.close();
  const client = clientOf(endpoint, name);
  await applyAnalyticsSchema(client);
  return client;
}

const Checksum = z.array(z.object({ checksum: z.string() })).length(1);

async function checksumOf(client: ReturnType<typeof clientOf>): Promise<string> {
  const found = await client.query({
    query:
      "SELECT concat(toString(count()), ' ', toString(sum(cityHash64(formatRow('TSV', *))))) AS checksum FROM usage",
    format: 'JSONEachRow',
  });
  return Checksum.parse(await found.json())[0]?.checksum ?? '';
}

function textOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 23).replace('T', ' ');
}

/** The row of `usage`, as a program without the sink would write it. */
function rowOf(use: CostEvent, { topic, partition, offset, appendedAt }: LogRecord) {
  return {
    _topic: topic,
    _partition: partition,
    _offset: offset,
    _recorded_at: textOf(appendedAt),
    cost_event_id: use.costEventId,
    request_id: use.requestId,
    amends: use.amends ?? '',
    account_id: use.accountId,
    project_id: use.projectId ?? '',
    api_key_id: use.apiKeyId,
    kind: use.kind,
    provider: use.provider,
    model: use.model,
    service_tier: use.serviceTier,
    input_tokens: use.inputTokens,
    output_tokens: use.outputTokens,
    cache_read_tokens: use.cacheReadTokens,
    cache_write_tokens: use.cacheWriteTokens,
    reasoning_tokens: use.reasoningTokens,
    calls: use.calls,
    characters: use.characters,
    gpu_millis: use.gpuMillis,
    latency_ms: use.latencyMs,
    status: use.status,
    error_code: use.errorCode ?? '',
    occurred_at: textOf(use.occurredAt),
    session_id: use.sessionId ?? '',
    trace_id: use.traceId,
    business_unit: use.businessUnit,
    cost_centre: use.costCentre,
    use_case: use.useCase,
    workflow_step: use.workflowStep,
    risk_tier: use.riskTier,
    environment: use.environment,
    user_role: use.userRole,
    route_policy_version: use.routePolicyVersion,
    cache_status: use.cacheStatus,
    business_outcome_id: use.businessOutcomeId ?? '',
    recorded_at: textOf(use.recordedAt),
    cost_status: use.costStatus,
    suspense_reason: use.suspenseReason ?? '',
    component_token_classes: use.components.map((part) => part.tokenClass),
    component_quantities: use.components.map((part) => part.quantity),
    component_unit_prices: use.components.map((part) => formatAmount(part.unitPrice)),
    component_amounts: use.components.map((part) => formatAmount(part.amount)),
    amount: formatAmount(use.amount),
    currency: use.currency,
    cache_savings: formatAmount(use.cacheSavings),
    price_book_id: use.priceBookId ?? '',
    price_book_version: use.priceBookVersion ?? 0,
    allocation_method: use.allocationMethod,
    source_id: use.sourceId ?? '',
    source_sequence: use.sourceSequence ?? 0,
    sent_at: use.sentAt === null ? null : textOf(use.sentAt),
    cause_topic: use.cause.topic,
    cause_partition: use.cause.partition,
    cause_offset: use.cause.offset,
  };
}
