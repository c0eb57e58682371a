/**
 * P6: from the acknowledgement of a produced use to the moment a read_committed reader sees the journal entry that moved
 * its balance (the balance itself is written in the same transaction); and the same from when the use was due, which is
 * longer where the sender or the broker let it wait.
 *
 * Open loop (`pace.ts`). A rate that the machine does not sustain is said to be none: its latencies are those of a queue
 * that grows. Then lower rates are tried until one is sustained.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { decodeFramed } from '../../schemas/codec.ts';
import type { BenchContext } from './bench.ts';
import type { BenchSystem } from './bench-system.ts';
import { type AtRate, coreSharesText, countCoreShares } from './core-shares.ts';
import { type SentUse, sendAtRate } from './pace.ts';
import { settled } from './settle.ts';
import { type BacklogSample, nextRate, type Sustained, sustained } from './sustained.ts';
import { rounded, tableText } from './table.ts';

const SAMPLE_MS = 250;
const SETTLE_MS = 180_000;
const LOWER_RATES_MAX = 3;

export interface LatencyOptions {
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly warmSeconds: number;
}

interface Percentiles {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LatencyResult extends Percentiles, Sustained, AtRate {
  readonly measured: number;
  readonly missing: number;
  readonly fromDue: Percentiles;
}

/** Each rate; after one that was not sustained lower ones, until one is. */
export async function latencies(
  bench: BenchSystem,
  options: Omit<LatencyOptions, 'ratePerSecond'> & { readonly rates: readonly number[] },
  { tell, progress }: Pick<BenchContext, 'tell' | 'progress'>,
): Promise<readonly LatencyResult[]> {
  const results: LatencyResult[] = [];
  const known = (rate: number): boolean => results.some(({ ratePerSecond }) => ratePerSecond === rate);
  for (const wanted of options.rates) {
    let ratePerSecond = wanted;
    for (let lower = 0; lower <= LOWER_RATES_MAX && !known(ratePerSecond); lower += 1) {
      // What a load before has left to do would otherwise be measured as latency.
      await settled(bench);
      tell(`latency at ${ratePerSecond} uses a second`);
      const { seconds, warmSeconds } = options;
      const result = await latency(bench, { ratePerSecond, seconds, warmSeconds }, progress);
      results.push(result);
      if (result.isSustained) break;
      tell(`${ratePerSecond} is not sustained: ${result.why}, ${result.donePerSecond} a second came through`);
      ratePerSecond = nextRate(ratePerSecond, result);
    }
  }
  return results;
}

async function latency(
  bench: BenchSystem,
  options: LatencyOptions,
  progress: BenchContext['progress'],
): Promise<LatencyResult> {
  const { ratePerSecond, warmSeconds } = options;
  const run = `lat${ratePerSecond}`;
  const seen = new Map<string, number>();
  const reading = new AbortController();
  const reader = watchJournal(bench, reading.signal, (requestId) => {
    if (requestId.startsWith(`${run}-`)) seen.set(requestId, performance.now());
  });
  const samples: BacklogSample[] = [];
  const seconds = options.seconds + warmSeconds;
  const shown = progress.start(`uses at ${ratePerSecond} a second`, ratePerSecond * seconds);
  const sharesSoFar = countCoreShares(bench.system);
  const begun = performance.now();
  let told = 0;
  const sent = await sendAtRate(bench, {
    ratePerSecond,
    seconds,
    run,
    onSlice: ({ due, sent: soFar }) => {
      shown.add(soFar - told);
      told = soFar;
      const atMs = performance.now() - begun;
      const isDue = atMs - (samples.at(-1)?.atMs ?? warmSeconds * 1_000 - SAMPLE_MS) >= SAMPLE_MS;
      if (isDue) samples.push({ atMs, due, sent: soFar, done: seen.size });
    },
  });
  const coreShares = sharesSoFar();
  const deadline = performance.now() + SETTLE_MS;
  while (seen.size < sent.length && performance.now() < deadline) await pause(50);
  shown.end();
  reading.abort();
  await reader;
  const counted = sent.filter(({ dueAt }) => dueAt - begun >= warmSeconds * 1_000);
  const fromAcknowledged = timesOf(counted, seen, ({ acknowledgedAt }) => acknowledgedAt);
  return {
    ratePerSecond,
    coreShares,
    measured: fromAcknowledged.length,
    missing: sent.length - seen.size,
    ...percentiles(fromAcknowledged),
    fromDue: percentiles(timesOf(counted, seen, ({ dueAt }) => dueAt)),
    ...sustained(samples, ratePerSecond),
  };
}

function timesOf(
  uses: readonly SentUse[],
  seen: ReadonlyMap<string, number>,
  fromOf: (use: SentUse) => number | null,
): readonly number[] {
  const times = uses.flatMap((use) => {
    const [from, to] = [fromOf(use), seen.get(use.requestId)];
    return from === null || to === undefined ? [] : [Math.max(0, to - from)];
  });
  return times.sort((a, b) => a - b);
}

function percentiles(times: readonly number[]): Percentiles {
  const at = (share: number): number => rounded(times[Math.floor(times.length * share)] ?? Number.NaN, 1);
  return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: at(0.999_999) };
}

export function latencyText(results: readonly LatencyResult[]): string {
  if (results.length === 0) return '';
  const head = [
    'uses/s',
    'measured',
    'missing',
    'p50 ms',
    'p95',
    'p99',
    'max',
    'from due: p50',
    'p95',
    'p99',
  ];
  const rows = results.map((result) => [
    result.ratePerSecond,
    result.measured,
    result.missing,
    ...[result.p50Ms, result.p95Ms, result.p99Ms, result.maxMs],
    ...[result.fromDue.p50Ms, result.fromDue.p95Ms, result.fromDue.p99Ms],
    `${result.why}, at most ${result.backlogMax} waiting`,
  ]);
  const kept = results.filter(({ isSustained }) => isSustained).map(({ ratePerSecond }) => ratePerSecond);
  const highest =
    kept.length === 0 ? 'no rate was sustained' : `highest rate sustained: ${Math.max(...kept)} a second`;
  return `${tableText([...head, 'queue'], rows)}${coreSharesText(results)}${highest}; left out: rates between those tried\n`;
}

async function watchJournal(
  { system }: BenchSystem,
  signal: AbortSignal,
  onEntry: (requestId: string) => void,
): Promise<void> {
  const { log, directory } = system;
  const partitions = await log.partitionCount('journal');
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic: 'journal', partition }));
  const bounds = await log.bounds(places);
  const reader = await log.reader({
    positions: bounds.map(({ topic, partition, end }) => ({ topic, partition, offset: end })),
    fetchBytesMax: 8 << 20,
    partitionBytesMax: 2 << 20,
    fetchWaitMs: 100,
  });
  try {
    while (!signal.aborted) {
      for (const { records } of await reader.fetch()) {
        for (const { value } of records) {
          if (value === null) continue;
          const entry = decodeFramed('JournalEntry', value, (id) => directory.writerSchema(id));
          if (entry.ok && entry.value.reference.startsWith('use:')) onEntry(entry.value.reference.slice(4));
        }
      }
    }
  } finally {
    await reader.close();
  }
}
