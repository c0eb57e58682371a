/**
 * End to end: uses are produced as fast as the system takes them; the clock stops when every balance has its charge.
 *
 * The load generator runs on the same two cores. ClickHouse and all other services run too; what they still had to do
 * when the balances were complete is said beside the rate.
 */
import { untilDrained } from '../../infra/main-job/drained.ts';
import { generatedUses } from '../../infra/main-job/usage.ts';
import { PROCESSORS } from '../../infra/processors.ts';
import { readValues } from '../../infra/proof/read-topic.ts';
import { type BenchSystem, readings } from './bench-system.ts';

const CHUNK = 2_000;
const TIMEOUT_MS = 900_000;

export interface ThroughputResult {
  readonly uses: number;
  readonly producedPerSecond: number;
  readonly toBalancesPerSecond: number;
  readonly allServicesPerSecond: number;
  readonly chargesFound: number;
  readonly entriesFound: number;
  readonly lost: number;
  readonly cpuSecondsPerMillion: Readonly<Record<string, number>>;
  readonly rssMiB: Readonly<Record<string, number>>;
}

export async function throughput(bench: BenchSystem, uses: number): Promise<ThroughputResult> {
  const { system, publisher, customers } = bench;
  const moneyPath = PROCESSORS.filter(({ service }) => service === 'rating' || service === 'credit-balances');
  await untilDrained({ log: system.log, processors: PROCESSORS, timeoutMs: TIMEOUT_MS });
  const before = readings(system);
  const begun = performance.now();
  let batch = [];
  const pending: Promise<unknown>[] = [];
  for (const value of generatedUses({ ...bench.plan, usageEvents: uses }, customers)) {
    batch.push({ topic: 'usage-events', value } as const);
    if (batch.length < CHUNK) continue;
    pending.push(publisher.publish(batch));
    batch = [];
    if (pending.length >= 4) await pending.shift();
  }
  if (batch.length > 0) pending.push(publisher.publish(batch));
  await Promise.all(pending);
  const produced = performance.now();
  await untilDrained({ log: system.log, processors: moneyPath, timeoutMs: TIMEOUT_MS });
  const balanced = performance.now();
  await untilDrained({ log: system.log, processors: PROCESSORS, timeoutMs: TIMEOUT_MS });
  const drained = performance.now();
  const after = readings(system);
  const rate = (end: number): number => Math.round((uses * 1_000) / (end - begun));
  const found = await countResults(bench);
  const names = Object.keys(after);
  return {
    uses,
    producedPerSecond: rate(produced),
    toBalancesPerSecond: rate(balanced),
    allServicesPerSecond: rate(drained),
    ...found,
    lost: uses - found.chargesFound,
    cpuSecondsPerMillion: Object.fromEntries(
      names.map((name) => [name, perMillion((after[name]?.cpuS ?? 0) - (before[name]?.cpuS ?? 0), uses)]),
    ),
    rssMiB: Object.fromEntries(names.map((name) => [name, after[name]?.rssMiB ?? 0])),
  };
}

function perMillion(seconds: number, uses: number): number {
  return Math.round((seconds * 1e7) / uses) / 10;
}

async function countResults({ system }: BenchSystem) {
  const charged = new Set<string>();
  let entriesFound = 0;
  await readValues(system, { topic: 'charges', record: 'Charge' }, (charge) => {
    if (charge?.kind === 'usage' && charge.requestId?.startsWith('req-'))
      charged.add(`${charge.accountId}/${charge.requestId}`);
  });
  await readValues(system, { topic: 'journal', record: 'JournalEntry' }, (entry) => {
    if (entry?.reference.startsWith('use:req-')) entriesFound += 1;
  });
  return { chargesFound: charged.size, entriesFound };
}
