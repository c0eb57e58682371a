/**
 * P7: uses to rows in ClickHouse, with all services, at a rate for some time.
 *
 * How many uses are not yet rows is asked every second; a rate is sustained when that does not grow. In the end everything
 * is read back as the proof of the main job reads it: each use costed, charged, booked and stored once, and the money of
 * all four the same. The sender and whoever measures share the machine's cores, and are counted.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { z } from 'zod';
import { untilDrained } from '../../infra/main-job/drained.ts';
import { PROCESSORS } from '../../infra/processors.ts';
import { analyticsTotals } from '../../infra/proof/analytics-totals.ts';
import { audit } from '../../infra/proof/audit.ts';
import {
  analyticsChecks,
  type Check,
  countChecks,
  fateChecks,
  moneyChecks,
} from '../../infra/proof/checks.ts';
import type { Bench, BenchContext, Outcome } from './bench.ts';
import { type BenchSystem, startBenchSystem } from './bench-system.ts';
import { type AtRate, coreSharesText, countCoreShares } from './core-shares.ts';
import { sendAtRate } from './pace.ts';
import { settled, warmUp } from './settle.ts';
import { type BacklogSample, type Sustained, sustained } from './sustained.ts';
import { rounded, tableText } from './table.ts';

const RATES = [1_000];
const SAMPLE_MS = 1_000;
const DRAIN_MS = 300_000;

export interface EndToEndResult extends Sustained, AtRate {
  readonly seconds: number;
  readonly uses: number;
  /** How long after the last use everything was in ClickHouse. */
  readonly restMs: number;
}

export const END_TO_END: Bench = {
  names: { 'end-to-end': 'P7: uses to rows in ClickHouse with all services at each of --rates; audit' },
  run: endToEnd,
};

async function endToEnd({ settings, tell, progress }: BenchContext): Promise<Outcome> {
  const bench = await startBenchSystem(tell);
  const { clickhouseUrl: url, clickhouseWriter } = bench.system.stack;
  const client = createClient({ url, ...clickhouseWriter });
  try {
    const runs: EndToEndResult[] = [];
    const { seconds } = settings;
    let uses = await warmUp(bench, tell);
    for (const ratePerSecond of settings.rates ?? RATES) {
      tell(`end-to-end at ${ratePerSecond} uses a second`);
      const result = await runAtRate(
        { bench, client, progress },
        { ratePerSecond, seconds, run: `e2e${ratePerSecond}` },
      );
      runs.push(result);
      uses += result.uses;
      await settled(bench);
      tell(
        `${result.why}: ${result.donePerSecond} a second, at most ${result.backlogMax} not yet in ClickHouse`,
      );
    }
    tell('end-to-end: reading everything back');
    const checks = await checksOf(bench, client, uses);
    return {
      figures: { endToEnd: { runs, checks } },
      text: endToEndText(runs, checks),
      isSound: checks.every(({ holds }) => holds),
    };
  } finally {
    await client.close();
    await bench.stop();
  }
}

interface Place {
  readonly bench: BenchSystem;
  readonly client: ClickHouseClient;
  readonly progress: BenchContext['progress'];
}

async function runAtRate(
  { bench, client, progress }: Place,
  options: { readonly ratePerSecond: number; readonly seconds: number; readonly run: string },
): Promise<EndToEndResult> {
  const { ratePerSecond, seconds, run } = options;
  const rowsBefore = await usageRows(client);
  const sharesSoFar = countCoreShares(bench.system);
  const samples: BacklogSample[] = [];
  const now = { due: 0, sent: 0 };
  const total = ratePerSecond * seconds;
  const shown = progress.start(`uses at ${ratePerSecond} a second`, total);
  const begun = performance.now();
  const sampling = new AbortController();
  const sample = async (): Promise<void> => {
    while (!sampling.signal.aborted) {
      const { due, sent } = now;
      const atMs = performance.now() - begun;
      samples.push({ atMs, due, sent, done: (await usageRows(client)) - rowsBefore });
      await pause(SAMPLE_MS, undefined, { signal: sampling.signal }).catch(() => undefined);
    }
  };
  const sampled = sample();
  await sendAtRate(bench, {
    ratePerSecond,
    seconds,
    run,
    onSlice: ({ due, sent }) => {
      shown.add(sent - now.sent);
      Object.assign(now, { due, sent });
    },
  });
  const sentAt = performance.now();
  const coreShares = sharesSoFar();
  sampling.abort();
  await sampled;
  shown.end();
  await untilRows(client, rowsBefore + total);
  const restMs = Math.round(performance.now() - sentAt);
  // The first seconds fill the pipeline, which is no growth.
  const steady = samples.slice(Math.floor(samples.length / 4));
  return { ratePerSecond, seconds, uses: total, restMs, coreShares, ...sustained(steady, ratePerSecond) };
}

const Rows = z.array(z.object({ rows: z.coerce.number().int() })).length(1);

/** One row a cost event, and every use has one. */
async function usageRows(client: ClickHouseClient): Promise<number> {
  const result = await client.query({ query: 'SELECT count() AS rows FROM usage', format: 'JSONEachRow' });
  return Rows.parse(await result.json())[0]?.rows ?? 0;
}

async function untilRows(client: ClickHouseClient, wanted: number): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  for (;;) {
    const rows = await usageRows(client);
    if (rows >= wanted) return;
    if (performance.now() > deadline) throw new Error(`${wanted - rows} uses did not reach ClickHouse`);
    await pause(100);
  }
}

async function checksOf(
  { system }: BenchSystem,
  client: ClickHouseClient,
  uses: number,
): Promise<readonly Check[]> {
  await untilDrained({ log: system.log, processors: PROCESSORS, timeoutMs: DRAIN_MS });
  const found = await audit(system);
  let checks: readonly Check[] = [];
  const deadline = performance.now() + DRAIN_MS;
  // Journal and charges reach ClickHouse on lanes of their own, a moment later.
  do {
    checks = analyticsChecks(found, await analyticsTotals(client));
  } while (checks.some(({ holds }) => !holds) && performance.now() < deadline && (await pause(500, true)));
  return [
    ...countChecks(found),
    ...fateChecks(found, new Map([['accepted', uses]])),
    ...moneyChecks(found),
    ...checks,
  ];
}

export function endToEndText(runs: readonly EndToEndResult[], checks: readonly Check[]): string {
  const rows = runs.map((run) => [
    run.ratePerSecond,
    run.seconds,
    run.donePerSecond,
    run.why,
    run.backlogMax,
    rounded((run.backlogMax * 1_000) / run.ratePerSecond, 0),
    run.restMs,
  ]);
  const failed = checks.filter(({ holds }) => !holds);
  return (
    tableText(['uses/s', 'seconds', 'rows/s', 'queue', 'most waiting', 'that is ms', 'rest ms'], rows) +
    coreSharesText(runs) +
    `audit: ${checks.length} checks, ${failed.length} failed\n` +
    failed.map(({ name, detail }) => `FAILED ${name}: ${detail}\n`).join('') +
    'left out: replay and second run of the proof, several brokers, longer runs\n'
  );
}
