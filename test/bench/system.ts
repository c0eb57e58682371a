/**
 * The figures of the whole system on this machine: throughput, latency, recovery.
 *
 * Everything runs at once on the machine's cores: broker, registry, ClickHouse, all services and the load generator.
 * Throughput and latency share one system, so that latency is measured after a load.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import Table from 'cli-table3';
import { sinkCounts } from '../../infra/proof/analytics-totals.ts';
import { recordCount } from '../../infra/proof/audit.ts';
import { type BenchSystem, startBenchSystem } from './bench-system.ts';
import { type LatencyResult, latency } from './latency.ts';
import { type RecoveryResult, recovery } from './recovery.ts';
import { type ThroughputResult, throughput } from './throughput.ts';

const RECOVERIES = 5;
/** A latency run counts from here on: everything is compiled and every cache is filled. */
const WARM_SECONDS = 15;

export interface SystemOptions {
  readonly events: number;
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly keys: number;
  readonly tell: (line: string) => void;
}

export type SystemBench = 'throughput' | 'latency' | 'recovery';

export interface SystemResult {
  readonly latencies: readonly LatencyResult[];
  readonly throughput: ThroughputResult | null;
  readonly recovery: RecoveryResult | null;
}

export async function systemBench(
  names: ReadonlySet<SystemBench>,
  options: SystemOptions,
): Promise<SystemResult> {
  const { tell } = options;
  const recovered = names.has('recovery') ? await runRecovery(tell, options.keys) : null;
  if (!names.has('throughput') && !names.has('latency')) {
    return { latencies: [], throughput: null, recovery: recovered };
  }
  const bench = await startBenchSystem(tell);
  const latencies: LatencyResult[] = [];
  let flow: ThroughputResult | null = null;
  try {
    // The load comes first: a broker and services that have just started answer slowly while they are being compiled.
    if (names.has('throughput')) {
      tell(`throughput of ${options.events} uses`);
      flow = await throughput(bench, options.events);
    }
    if (names.has('latency')) {
      await untilClickHouseHasAll(bench);
      for (const ratePerSecond of options.rates) {
        tell(`latency at ${ratePerSecond} uses a second`);
        const { seconds } = options;
        latencies.push(await latency(bench, { ratePerSecond, seconds, warmSeconds: WARM_SECONDS }));
      }
    }
  } finally {
    await bench.stop();
  }
  return { latencies, throughput: flow, recovery: recovered };
}

/** How many uses did not come through. */
export function lostIn({ latencies, throughput: flow }: SystemResult): number {
  return (flow?.lost ?? 0) + latencies.reduce((sum, { missing }) => sum + missing, 0);
}

export function systemText({ latencies, throughput: flow, recovery: recovered }: SystemResult): string {
  return `${report(latencies, flow)}${recovered === null ? '' : recoveryLine(recovered)}`;
}

async function runRecovery(tell: (line: string) => void, keys: number): Promise<RecoveryResult> {
  const bench = await startBenchSystem(tell, ['credit-balances']);
  try {
    tell(`recovery of ${keys} keys`);
    return await recovery(bench, keys, RECOVERIES);
  } finally {
    await bench.stop();
  }
}

function recoveryLine(result: RecoveryResult): string {
  const { keys, cachedMs, uncachedMs, cacheMiB, residentMiB } = result;
  return (
    `${keys} keys: away after SIGKILL for ${cachedMs.join(', ')} ms with a local cache of ${cacheMiB} MiB, ` +
    `${uncachedMs.join(', ')} ms with the cache deleted; then ${residentMiB} MiB resident\n`
  );
}

/** What the load left for the sink to insert would otherwise be measured as latency. */
async function untilClickHouseHasAll({ system }: BenchSystem): Promise<void> {
  const client = createClient({ url: system.stack.clickhouseUrl, ...system.stack.clickhouseWriter });
  try {
    for (;;) {
      const rows = await sinkCounts(client);
      const entries = await recordCount(system, 'journal');
      if (rows.get('journal') >= entries) return;
      await pause(500);
    }
  } finally {
    await client.close();
  }
}

function report(latencies: readonly LatencyResult[], flow: ThroughputResult | null): string {
  const rows = latencies.map(({ ratePerSecond, measured, missing, p50Ms, p95Ms, p99Ms, maxMs }) => [
    ratePerSecond,
    measured,
    missing,
    p50Ms,
    p95Ms,
    p99Ms,
    maxMs,
  ]);
  const times = new Table({
    head: ['uses/s', 'measured', 'missing', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'],
  });
  times.push(...rows);
  const parts = new Table({ head: ['part', 'resident MiB', 'CPU s per million uses'] });
  for (const [name, rss] of Object.entries(flow?.rssMiB ?? {})) {
    parts.push([name, rss, flow?.cpuSecondsPerMillion[name] ?? '']);
  }
  const rates =
    flow === null
      ? ''
      : `${flow.uses} uses: produced ${flow.producedPerSecond}/s, to balances ${flow.toBalancesPerSecond}/s, ` +
        `all services ${flow.allServicesPerSecond}/s, lost ${flow.lost}\n`;
  return `${latencies.length > 0 ? `${times}\n` : ''}${rates}${flow === null ? '' : `${parts}\n`}`;
}
