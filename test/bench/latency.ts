/**
 * From the acknowledgement of a produced use to the moment a read_committed reader sees the journal entry that moved
 * its balance (the balance itself is written in the same transaction).
 *
 * Open loop: a use is sent when it is due, whether or not those before it came through.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { generatedUses } from '../../infra/main-job/usage.ts';
import { decodeFramed } from '../../schemas/codec.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import type { BenchSystem } from './bench-system.ts';

const SLICE_MS = 10;
const SETTLE_MS = 20_000;

export interface LatencyOptions {
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly warmSeconds: number;
}

export interface LatencyResult {
  readonly ratePerSecond: number;
  readonly measured: number;
  readonly missing: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export async function latency(bench: BenchSystem, options: LatencyOptions): Promise<LatencyResult> {
  const acknowledged = new Map<string, number>();
  const seen = new Map<string, number>();
  const reading = new AbortController();
  const reader = watchJournal(bench, reading.signal, (requestId) => seen.set(requestId, performance.now()));
  const sent = await sendAtRate(bench, options, acknowledged);
  const deadline = performance.now() + SETTLE_MS;
  while (sent.some((id) => !seen.has(id)) && performance.now() < deadline) await pause(50);
  reading.abort();
  await reader;
  const skipped = options.ratePerSecond * options.warmSeconds;
  const times = sent.slice(skipped).flatMap((id) => {
    const [from, to] = [acknowledged.get(id), seen.get(id)];
    return from === undefined || to === undefined ? [] : [Math.max(0, to - from)];
  });
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round((times[Math.floor(times.length * share)] ?? Number.NaN) * 10) / 10;
  return {
    ratePerSecond: options.ratePerSecond,
    measured: times.length,
    missing: sent.length - skipped - times.length,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: at(0.999_999),
  };
}

async function sendAtRate(
  bench: BenchSystem,
  options: LatencyOptions,
  acknowledged: Map<string, number>,
): Promise<readonly string[]> {
  const { ratePerSecond, seconds, warmSeconds } = options;
  const total = ratePerSecond * (seconds + warmSeconds);
  const run = `lat${ratePerSecond}`;
  const uses = generatedUses({ ...bench.plan, usageEvents: total }, bench.customers);
  const sent: string[] = [];
  const pending: Promise<void>[] = [];
  const begun = performance.now();
  for (let due = 0; sent.length < total; ) {
    due = Math.min(total, Math.floor(((performance.now() - begun) * ratePerSecond) / 1_000));
    const batch = [];
    while (sent.length + batch.length < due) {
      const next = uses.next();
      if (next.done === true) break;
      batch.push(priced(next.value, run));
    }
    if (batch.length > 0) {
      for (const { value } of batch) sent.push(value.requestId);
      const ids = batch.map(({ value }) => value.requestId);
      pending.push(
        bench.publisher.publish(batch).then(() => {
          const now = performance.now();
          for (const id of ids) acknowledged.set(id, now);
        }),
      );
    }
    await pause(SLICE_MS);
  }
  await Promise.all(pending);
  return sent;
}

type Use = ReturnType<typeof generatedUses> extends Generator<infer U> ? U : never;

/** Every measured use has a price and tokens to pay for, an id of this run, and happened just now. */
function priced(use: Use, run: string) {
  const value: Use = {
    ...use,
    requestId: `${run}-${use.requestId}`,
    provider: 'openai',
    model: 'gpt-4.1-mini',
    inputTokens: use.inputTokens + 1,
    occurredAt: instantOfMillis(Date.now()),
  };
  return { topic: 'usage-events', value } as const;
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
