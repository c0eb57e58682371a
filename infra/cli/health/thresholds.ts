/**
 * The thresholds of requirement U4 and how a measurement is judged by them.
 *
 * Boundary: pure. Counts are compared as whole numbers, so a rate exactly on its threshold is on the broken side.
 */
import type { SourceNumbers } from '../../analytics/sources.ts';

/** Loss below 0.1 %, delay below 100 ms for 95 of 100 uses, more than 99.9 % of batches. */
export const THRESHOLDS = { lossBelow: 0.001, ingestP95BelowMs: 100, batchSuccessAbove: 0.999 } as const;

export type Verdict = 'ok' | 'broken' | 'not measured';

export interface Loss {
  readonly sources: number;
  readonly received: string;
  readonly missing: string;
  /** Null where nothing is numbered. */
  readonly rate: number | null;
  /** Sources that lost too much by themselves. */
  readonly brokenSources: number;
  readonly verdict: Verdict;
}

/** Batches answered by the gateway; refused ones were the sender's own fault and count on neither side. */
export interface Batches {
  readonly taken: number;
  readonly failed: number;
  readonly refused: number;
}

export function lossVerdict({ missing, last }: Pick<SourceNumbers, 'missing' | 'last'>): Verdict {
  return isTooMuch(BigInt(missing), BigInt(last)) ? 'broken' : 'ok';
}

export function totalLoss(sources: readonly SourceNumbers[]): Loss {
  const sum = (pick: (source: SourceNumbers) => number): bigint =>
    sources.reduce((total, source) => total + BigInt(pick(source)), 0n);
  const missing = sum((source) => source.missing);
  const sent = sum((source) => source.last);
  const brokenSources = sources.filter((source) => lossVerdict(source) === 'broken').length;
  return {
    sources: sources.length,
    received: String(sum((source) => source.received)),
    missing: String(missing),
    rate: sent === 0n ? null : Number(missing) / Number(sent),
    brokenSources,
    verdict: sent === 0n ? 'not measured' : brokenSources > 0 || isTooMuch(missing, sent) ? 'broken' : 'ok',
  };
}

export function delayVerdict(p95Ms: number | null): Verdict {
  if (p95Ms === null) return 'not measured';
  return p95Ms < THRESHOLDS.ingestP95BelowMs ? 'ok' : 'broken';
}

export function batchVerdict(batches: Batches | null): Verdict {
  const judged = batches === null ? 0 : batches.taken + batches.failed;
  if (batches === null || judged === 0) return 'not measured';
  return batches.failed * 1_000 < judged ? 'ok' : 'broken';
}

function isTooMuch(missing: bigint, sent: bigint): boolean {
  return sent > 0n && missing * 1_000n >= sent;
}
