/**
 * `ledger health`: what was lost on the way, how long uses took, how many batches failed (U4).
 *
 * Job: wait until what is in the log is in ClickHouse too, ask once, judge. Exit code 1 when a threshold is broken.
 * Boundary: the numbers of a source are those of its whole life, since a gap may be older than the day that is asked
 * about; `since` says which sources are looked at, and from when the delay is measured.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { backlogAfter } from '../../analytics/catch-up.ts';
import { Whole } from '../../analytics/select.ts';
import {
  type Ask,
  type Gaps,
  gapsOf,
  type IngestDelay,
  ingestDelay,
  ingestDelays,
  type SourceNumbers,
  sourceNumbers,
} from '../../analytics/sources.ts';
import type { Context } from '../context.ts';
import { type GatewayBatches, gatewayBatches } from '../health/gateway-batches.ts';
import { renderHealth } from '../health/render.ts';
import {
  batchVerdict,
  delayVerdict,
  type Loss,
  lossVerdict,
  THRESHOLDS,
  totalLoss,
  type Verdict,
} from '../health/thresholds.ts';
import { lagOfServices, totalLag } from '../lag.ts';
import { EXIT, type Report } from '../report.ts';
import type { Source } from '../topic-scan.ts';

export interface HealthOptions {
  /** A day of UTC, YYYY-MM-DD. */
  readonly sinceDay?: string;
  /** How many gaps are listed for a source; the rest is counted. */
  readonly gapsMax: number;
  /** How long to wait for services and sink that are behind. */
  readonly waitMs: number;
}

export interface SourceReport extends SourceNumbers {
  readonly lossRate: number;
  readonly verdict: Verdict;
  readonly gaps: Gaps;
  readonly delay: Pick<IngestDelay, 'p50Ms' | 'p95Ms' | 'p99Ms'> | null;
}

export interface Health {
  readonly ok: boolean;
  readonly thresholds: typeof THRESHOLDS;
  /** Whether something was still on its way to ClickHouse: a gap may then be a record that has arrived. */
  readonly behind: boolean;
  readonly loss: Loss;
  readonly delay: IngestDelay & { readonly verdict: Verdict };
  readonly batches: GatewayBatches & { readonly verdict: Verdict };
  /** The most lossy first. */
  readonly sources: readonly SourceReport[];
}

type HealthContext = Pick<Context, 'source' | 'analytics' | 'settings'>;

const POLL_MS = 250;
const SOURCES_LISTED_MAX = 50;
/** Where the numbers of sources come from. */
const STORED_TOPICS = ['cost-events', 'rating-rejected'] as const;

export async function health(context: HealthContext, options: HealthOptions): Promise<Report> {
  const { sinceDay, gapsMax, waitMs } = options;
  const ask: Ask = (selection) => context.analytics().select(selection);
  const behind = await isBehind(await context.source(), ask, waitMs);
  const found = await sourceNumbers(ask, sinceDay);
  const delay = await ingestDelay(ask, sinceDay);
  const delays = new Map((await ingestDelays(ask, sinceDay)).map((each) => [each.sourceId, each]));
  const batches = await gatewayBatches(context.settings.gateway?.url ?? null);
  const sources: SourceReport[] = [];
  for (const source of found.slice(0, SOURCES_LISTED_MAX)) {
    sources.push({
      ...source,
      lossRate: source.missing / source.last,
      verdict: lossVerdict(source),
      gaps: source.missing === 0 ? NO_GAPS : await gapsOf(ask, source.sourceId, gapsMax),
      delay: percentilesOf(delays.get(source.sourceId)),
    });
  }
  const loss = totalLoss(found);
  const measured: Omit<Health, 'ok'> = {
    thresholds: THRESHOLDS,
    behind,
    loss,
    delay: { ...delay, verdict: delayVerdict(percentilesOf(delay)?.p95Ms ?? null) },
    batches: { ...batches, verdict: batchVerdict(batches.measured ? batches.batches : null) },
    sources,
  };
  const verdicts = [measured.loss, measured.delay, measured.batches].map(({ verdict }) => verdict);
  const data: Health = { ok: !verdicts.includes('broken'), ...measured };
  return { data, exitCode: data.ok ? EXIT.ok : EXIT.failed, render: () => renderHealth(data) };
}

const NO_GAPS: Gaps = { ranges: [], count: 0 };

function percentilesOf(delay: IngestDelay | undefined): SourceReport['delay'] {
  if (delay === undefined || delay.timed === 0) return null;
  const { p50Ms, p95Ms, p99Ms } = delay;
  return { p50Ms, p95Ms, p99Ms };
}

const Stored = z.object({ topic: z.string(), partition: Whole, lastOffset: Whole });

/** Waits until nothing that the log holds is on its way; true when it still was at the end. */
async function isBehind(source: Source, ask: Ask, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const lags = await lagOfServices(source);
    const isWaiting =
      totalLag(lags.filter(({ service }) => service === 'rating' || service === 'cost-attribution')) > 0 ||
      (await backlogAfter(await storedPositions(ask), source.log, STORED_TOPICS)).length > 0;
    if (!isWaiting || performance.now() >= deadline) return isWaiting;
    await pause(POLL_MS);
  }
}

function storedPositions(ask: Ask): Promise<readonly z.infer<typeof Stored>[]> {
  return ask({
    query: 'SELECT topic, partition, last_offset AS lastOffset FROM v_ingest_position',
    row: Stored,
  });
}
