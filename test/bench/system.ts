/**
 * The figures of the whole system on this machine: throughput, latency, recovery.
 *
 * Everything runs at once on the machine's cores: broker, registry, ClickHouse, all services and the load generator.
 * Throughput and latency share one system, so that latency is measured after a load.
 */
import type { Bench, BenchContext, Outcome } from './bench.ts';
import { startBenchSystem } from './bench-system.ts';
import { type LatencyResult, latencies, latencyText } from './latency.ts';
import { type RecoveryResult, recovery } from './recovery.ts';
import { warmUp } from './settle.ts';
import { tableText } from './table.ts';
import { type ThroughputResult, throughput } from './throughput.ts';

const RECOVERIES = 5;
/** A latency run counts from here on: everything is compiled and every cache is filled. */
const WARM_SECONDS = 15;

const EVENTS = 1_000_000;
const RATES = [1_000, 5_000];

export const SYSTEM: Bench = {
  names: {
    throughput: 'uses to committed balances, as fast as the system takes them',
    latency: 'P6: acknowledgement of a use to its committed balance, open loop at each of --rates',
    recovery: 'SIGKILL to the next committed step, with --keys keys of state',
  },
  run: systemBench,
};

interface SystemResult {
  readonly latencies: readonly LatencyResult[];
  readonly throughput: ThroughputResult | null;
  readonly recovery: RecoveryResult | null;
}

async function systemBench(context: BenchContext, asked: ReadonlySet<string>): Promise<Outcome> {
  const { tell, settings } = context;
  const recovered = asked.has('recovery') ? await runRecovery(tell, settings.keys) : null;
  const flow = await runFlow(context, asked);
  const result = { ...flow, recovery: recovered };
  return { figures: { ...result }, text: systemText(result), isSound: lostIn(result) === 0 };
}

async function runFlow(
  context: BenchContext,
  asked: ReadonlySet<string>,
): Promise<Omit<SystemResult, 'recovery'>> {
  const { tell, settings } = context;
  let flow: ThroughputResult | null = null;
  let times: readonly LatencyResult[] = [];
  if (!asked.has('throughput') && !asked.has('latency')) return { latencies: times, throughput: flow };
  const bench = await startBenchSystem(tell);
  try {
    // The load comes first: a broker and services that have just started answer slowly while they are being compiled.
    if (!asked.has('throughput')) await warmUp(bench, tell);
    else {
      const events = settings.events ?? EVENTS;
      tell(`throughput of ${events} uses`);
      flow = await throughput(bench, events);
    }
    if (asked.has('latency')) {
      const { seconds, rates } = settings;
      const options = { seconds, warmSeconds: WARM_SECONDS, rates: rates ?? RATES };
      times = await latencies(bench, options, context);
    }
  } finally {
    await bench.stop();
  }
  return { latencies: times, throughput: flow };
}

/** How many uses did not come through. */
function lostIn({ latencies: times, throughput: flow }: SystemResult): number {
  return (flow?.lost ?? 0) + times.reduce((sum, { missing }) => sum + missing, 0);
}

function systemText({ latencies: times, throughput: flow, recovery: recovered }: SystemResult): string {
  return [
    latencyText(times),
    flow === null ? '' : throughputText(flow),
    recovered === null ? '' : recoveryLine(recovered),
  ].join('');
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

function throughputText(flow: ThroughputResult): string {
  const rows = Object.entries(flow.rssMiB).map(([name, rss]) => [
    name,
    rss,
    flow.cpuSecondsPerMillion[name] ?? '',
  ]);
  return (
    `${flow.uses} uses: produced ${flow.producedPerSecond}/s, to balances ${flow.toBalancesPerSecond}/s, ` +
    `all services ${flow.allServicesPerSecond}/s, lost ${flow.lost}\n` +
    tableText(['part', 'resident MiB', 'CPU s per million uses'], rows)
  );
}
