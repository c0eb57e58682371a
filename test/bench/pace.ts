/**
 * Sends uses at a rate, open loop: a use is due when a Poisson process of that rate says so, whether or not those before
 * it came through. Whoever measures from when it was due has left nothing out.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../../infra/main-job/random.ts';
import { generatedUses } from '../../infra/main-job/usage.ts';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import type { BenchSystem } from './bench-system.ts';

const SLICE_MS = 5;
const FRACTIONS = 1 << 24;

export interface PaceOptions {
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** Begins every request id, so that those of one run are known. */
  readonly run: string;
  readonly onSlice?: (slice: { readonly due: number; readonly sent: number }) => void;
}

/** One use as it was sent: when it was due and when the broker had acknowledged it, in `performance.now()`. */
export interface SentUse {
  readonly requestId: string;
  readonly dueAt: number;
  acknowledgedAt: number | null;
}

/** Resolves when all are acknowledged. */
export async function sendAtRate(bench: BenchSystem, options: PaceOptions): Promise<readonly SentUse[]> {
  const { ratePerSecond, seconds, run } = options;
  const total = ratePerSecond * seconds;
  const uses = generatedUses({ ...bench.plan, usageEvents: total }, bench.customers);
  const gaps = poissonGapsMs(ratePerSecond);
  const sent: SentUse[] = [];
  const pending: Promise<void>[] = [];
  const begun = performance.now();
  let dueAt = begun + gaps();
  while (sent.length < total) {
    const now = performance.now();
    const slice: SentUse[] = [];
    const batch = [];
    for (; dueAt <= now && sent.length < total; dueAt += gaps()) {
      const next = uses.next();
      if (next.done === true) break;
      const value = priced(next.value, run);
      const use = { requestId: value.requestId, dueAt, acknowledgedAt: null };
      slice.push(use);
      sent.push(use);
      batch.push({ topic: 'usage-events', value } as const);
    }
    if (batch.length > 0) pending.push(acknowledge(bench.publisher.publish(batch), slice));
    options.onSlice?.({ due: Math.round(((now - begun) * ratePerSecond) / 1_000), sent: sent.length });
    await pause(SLICE_MS);
  }
  await Promise.all(pending);
  return sent;
}

async function acknowledge(publishing: Promise<unknown>, slice: readonly SentUse[]): Promise<void> {
  await publishing;
  const now = performance.now();
  for (const use of slice) use.acknowledgedAt = now;
}

/** Seeded, so that every run of a rate has the same arrivals. */
function poissonGapsMs(ratePerSecond: number): () => number {
  const random = new Random(ratePerSecond);
  return () => (-Math.log((random.below(FRACTIONS) + 1) / FRACTIONS) * 1_000) / ratePerSecond;
}

/** Every measured use has a price and tokens to pay for, an id of this run, and happened just now. */
function priced(use: UsageEvent, run: string): UsageEvent {
  return {
    ...use,
    requestId: `${run}-${use.requestId}`,
    provider: 'openai',
    model: 'gpt-4.1-mini',
    inputTokens: use.inputTokens + 1,
    occurredAt: instantOfMillis(Date.now()),
    sourceId: null,
  };
}
