/** What must be over before a figure means something: compiling everything, and what the load before has left to do. */
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { untilDrained } from '../../infra/main-job/drained.ts';
import { PROCESSORS } from '../../infra/processors.ts';
import { sinkCounts } from '../../infra/proof/analytics-totals.ts';
import { recordCount } from '../../infra/proof/audit.ts';
import type { BenchSystem } from './bench-system.ts';
import { sendAtRate } from './pace.ts';

const WARM_RATE = 2_000;
const WARM_SECONDS = 20;
const TIMEOUT_MS = 600_000;
const POLL_MS = 500;

/** A load that is counted nowhere; returns how many uses it had. */
export async function warmUp(bench: BenchSystem, tell: (line: string) => void): Promise<number> {
  tell(`warming up with ${WARM_RATE * WARM_SECONDS} uses`);
  await sendAtRate(bench, { ratePerSecond: WARM_RATE, seconds: WARM_SECONDS, run: 'warm' });
  await settled(bench);
  return WARM_RATE * WARM_SECONDS;
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
