/**
 * `npm run bench -- [throughput|latency|recovery] [--events N] [--json]`: figures of the whole system on this machine.
 *
 * Everything runs at once on the machine's cores: broker, registry, ClickHouse, all services and the load generator.
 * Rates depend on the machine; compare only figures of one run. Exit code 1 when a use was lost.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import Table from 'cli-table3';
import { Command } from 'commander';
import { sinkCounts } from '../../infra/proof/analytics-totals.ts';
import { recordCount } from '../../infra/proof/audit.ts';
import { type BenchSystem, startBenchSystem } from './bench-system.ts';
import { type LatencyResult, latency } from './latency.ts';
import { type RecoveryResult, recovery } from './recovery.ts';
import { type ThroughputResult, throughput } from './throughput.ts';

const RECOVERIES = 5;
/** A latency run counts from here on: everything is compiled and every cache is filled. */
const WARM_SECONDS = 15;

interface Options {
  readonly events: string;
  readonly rates: string;
  readonly seconds: string;
  readonly keys: string;
  readonly json?: boolean;
}

const command = new Command('npm run bench --')
  .argument('[names...]', 'throughput, latency, recovery; the first two when none is named', [
    'latency',
    'throughput',
  ])
  .option('--events <n>', 'uses of the throughput run', '1000000')
  .option('--rates <list>', 'uses a second of the latency runs', '1000')
  .option('--seconds <n>', 'length of a latency run', '20')
  .option('--keys <n>', 'keys of state of the recovery run', '1000000')
  .option('--json', 'one JSON object on standard output');

async function main(names: readonly string[], options: Options): Promise<number> {
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  const recovered = names.includes('recovery') ? await runRecovery(tell, Number(options.keys)) : null;
  if (recovered !== null && names.length === 1) {
    process.stdout.write(
      options.json === true ? `${JSON.stringify({ recovery: recovered })}\n` : recoveryLine(recovered),
    );
    return 0;
  }
  const bench = await startBenchSystem(tell);
  const latencies: LatencyResult[] = [];
  let flow: ThroughputResult | null = null;
  try {
    // The load comes first: a broker and services that have just started answer slowly while they are being compiled.
    if (names.includes('throughput')) {
      tell(`throughput of ${options.events} uses`);
      flow = await throughput(bench, Number(options.events));
    }
    if (names.includes('latency')) {
      await untilClickHouseHasAll(bench);
      for (const rate of options.rates.split(',').map(Number)) {
        tell(`latency at ${rate} uses a second`);
        latencies.push(
          await latency(bench, {
            ratePerSecond: rate,
            seconds: Number(options.seconds),
            warmSeconds: WARM_SECONDS,
          }),
        );
      }
    }
  } finally {
    await bench.stop();
  }
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ latencies, throughput: flow, recovery: recovered })}\n`);
  } else {
    process.stdout.write(`${report(latencies, flow)}${recovered === null ? '' : recoveryLine(recovered)}`);
  }
  const lost = (flow?.lost ?? 0) + latencies.reduce((sum, { missing }) => sum + missing, 0);
  return lost === 0 ? 0 : 1;
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

function recoveryLine({ keys, awayMs, residentMiB }: RecoveryResult): string {
  return `${keys} keys: away after SIGKILL for ${awayMs.join(', ')} ms, then ${residentMiB} MiB resident\n`;
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

command.parse();
process.exitCode = await main(
  command.args.length > 0 ? command.args : ['latency', 'throughput'],
  command.opts<Options>(),
);
