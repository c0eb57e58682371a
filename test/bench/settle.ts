/** What must be over before a figure means something: compiling everything, and what the load before has left to do. */
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { untilDrained } from '../../infra/main-job/drained.ts';
import { PROCESSORS } from '../../infra/processors.ts';
import { sinkCounts } from '../../infra/proof/analytics-totals.ts';
import { recordCount } from '../../infra/proof/audit.ts';
import { type BenchSystem, cpuSecondsOf } from './bench-system.ts';
import { sendAtRate } from './pace.ts';
import { rounded } from './table.ts';

const WARM_RATE = 2_000;
const ROUND_SECONDS = 20;
const ROUNDS_MAX = 12;
/** Rounds in a row that cost as much as the cheapest before them: one alone is a lull of the compiler. */
const ROUNDS_ALIKE = 2;
const ALIKE = 0.95;
const TIMEOUT_MS = 600_000;
const POLL_MS = 500;

/**
 * A load that is counted nowhere, round after round until the broker is compiled: for its first two minutes Java's
 * compiler takes up to half a core beside it, which is latency of a system that has just started. Returns the uses sent.
 */
export async function warmUp(bench: BenchSystem, tell: (line: string) => void): Promise<number> {
  const uses = WARM_RATE * ROUND_SECONDS;
  const costs: number[] = [];
  while (!isWarm(costs) && costs.length < ROUNDS_MAX) {
    const before = brokerCpuSeconds(bench);
    await sendAtRate(bench, {
      ratePerSecond: WARM_RATE,
      seconds: ROUND_SECONDS,
      run: `warm${costs.length}`,
    });
    await settled(bench);
    const cost = ((brokerCpuSeconds(bench) - before) * 1e6) / uses;
    costs.push(cost);
    tell(`warming up, round ${costs.length} of ${uses} uses: ${rounded(cost, 0)} us of the broker a use`);
  }
  if (!isWarm(costs)) tell(`the broker still gets cheaper after ${ROUNDS_MAX} rounds`);
  return costs.length * uses;
}

/** Of a broker elsewhere nothing is known: its rounds seem to be alike, and the least number of them is what it gets. */
function brokerCpuSeconds({ system }: BenchSystem): number {
  const { pid } = system.stack.parts.kafka;
  return pid === null ? 0 : cpuSecondsOf(pid);
}

/** Whether the last rounds cost no less than those before them. */
export function isWarm(costs: readonly number[]): boolean {
  const before = costs.slice(0, -ROUNDS_ALIKE);
  if (before.length === 0) return false;
  const least = Math.min(...before);
  return costs.slice(-ROUNDS_ALIKE).every((cost) => cost >= least * ALIKE);
}

/** Nothing is left to be done, by any service, and all of it is in ClickHouse. */
export async function settled({ system }: BenchSystem): Promise<void> {
  await untilDrained({ log: system.log, processors: PROCESSORS, timeoutMs: TIMEOUT_MS });
  const client = createClient({ url: system.stack.clickhouseUrl, ...system.stack.clickhouseWriter });
  try {
    for (;;) {
      const rows = await sinkCounts(client);
      const entries = await recordCount(system, 'journal');
      const costs = await recordCount(system, 'cost-events');
      if (rows.get('journal') >= entries && rows.get('cost-events') >= costs) return;
      await pause(POLL_MS);
    }
  } finally {
    await client.close();
  }
}
