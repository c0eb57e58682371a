/**
 * The proof: audit, ClickHouse, replay and second run, turned into one list of checks.
 *
 * Boundary: reads only. The system may keep running, but nothing may be fed meanwhile.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { LIMITS } from '../../topology/limits.ts';
import { type ReplayReport, replayTask } from '../../topology/replay.ts';
import { serviceTopics } from '../../topology/topics.ts';
import { select } from '../analytics/select.ts';
import { sourceNumbers } from '../analytics/sources.ts';
import { PROCESSORS } from '../processors.ts';
import { analyticsTotals, sinkCounts } from './analytics-totals.ts';
import { type Audit, audit, recordCount } from './audit.ts';
import {
  analyticsChecks,
  type Check,
  countChecks,
  fateChecks,
  moneyChecks,
  replayChecks,
  rerunChecks,
} from './checks.ts';
import { lossChecks } from './loss-checks.ts';
import type { ReadSource } from './read-topic.ts';
import { rerun } from './rerun.ts';

const SINK_WAIT_MS = 120_000;
const SINK_POLL_MS = 200;
const RERUN_SEED = 7;

export interface ProofOptions {
  readonly source: ReadSource;
  readonly clickhouse: { readonly url: string; readonly username: string; readonly password: string };
  /** What all runs sent to usage-events by fate; null when that is not known. */
  readonly sent: ReadonlyMap<string, number> | null;
  /** The last number of every producer instance of the job. */
  readonly sources: ReadonlyMap<string, number>;
  readonly onProgress: (line: string) => void;
}

export interface Proof {
  readonly checks: readonly Check[];
  readonly failed: number;
  readonly totals: Readonly<Record<string, string | number>>;
}

export async function prove(options: ProofOptions): Promise<Proof> {
  const { source, onProgress } = options;
  onProgress('reading every topic from the start');
  const first = await audit(source);
  onProgress('comparing with ClickHouse');
  const analytics = await withClickhouse(options, async (client) => {
    await untilSinkHasAll(client, source);
    const numbers = await sourceNumbers((selection) => select(client, selection));
    return { totals: await analyticsTotals(client), numbers };
  });
  const replays = await replayAll(source, onProgress);
  onProgress('running the same input again in another order');
  const secondLog = await rerun({ source, processors: PROCESSORS, seed: RERUN_SEED });
  const second = await audit({ log: secondLog, directory: source.directory });
  const checks = [
    ...countChecks(first),
    ...(options.sent === null ? [] : fateChecks(first, options.sent)),
    ...moneyChecks(first),
    ...analyticsChecks(first, analytics.totals),
    ...lossChecks(options.sources, analytics.numbers),
    ...replayChecks(replays),
    ...rerunChecks(first, second),
  ];
  return { checks, failed: checks.filter(({ holds }) => !holds).length, totals: totalsOf(first) };
}

async function withClickhouse<T>(
  options: ProofOptions,
  work: (client: ClickHouseClient) => Promise<T>,
): Promise<T> {
  const client = createClient(options.clickhouse);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function untilSinkHasAll(client: ClickHouseClient, source: ReadSource): Promise<void> {
  const topics = [
    'cost-events',
    'charges',
    'journal',
    ...PROCESSORS.map(({ service }) => serviceTopics(service).rejected),
  ];
  const deadline = performance.now() + SINK_WAIT_MS;
  for (;;) {
    const rows = await sinkCounts(client);
    const waiting: string[] = [];
    for (const topic of topics) {
      const records = await recordCount(source, topic);
      if (rows.get(topic) < records) waiting.push(`${topic} ${rows.get(topic)} of ${records}`);
    }
    if (waiting.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(`ClickHouse still lacks records: ${waiting.join(', ')}`);
    await pause(SINK_POLL_MS);
  }
}

async function replayAll(
  source: ReadSource,
  onProgress: (line: string) => void,
): Promise<readonly ReplayReport[]> {
  const { log, directory } = source;
  const partitions = await log.partitionCount('clock-ticks');
  const reports: ReplayReport[] = [];
  for (const processor of PROCESSORS) {
    onProgress(`replaying ${processor.service} from offset 0`);
    for (let partition = 0; partition < partitions; partition += 1) {
      reports.push(await replayTask({ log, directory, processor, partition, limits: LIMITS }));
    }
  }
  return reports;
}

function totalsOf(found: Audit): Proof['totals'] {
  const issued = [...found.invoices.values()].filter(({ status }) => status === 'issued').length;
  return {
    'records on usage-events': found.usageRecords,
    'uses accepted': found.acceptedRecords,
    'rejected uses by code': found.usageRejected.text(),
    'rejected by service and code': found.rejected.text(),
    'charges by kind': found.charges.byKind.text(),
    'uses in suspense': found.charges.inSuspense,
    charged: found.charges.byCurrency.text(),
    'journal entries': found.journal.entries,
    'outcome decisions': found.decisions.text(),
    'invoices issued': issued,
    'invoices in draft': found.invoices.size - issued,
  };
}
