/**
 * The rule of `npm run bench -- check`: which ratios lost more than may be, against those that are stored.
 *
 * Boundary: pure. What runs and where baselines lie is in `check.ts`.
 *
 * Invariants:
 *  1. A loss counts only where every round of today lies beyond the limit: one slow round, or one slow baseline round,
 *     is noise.
 *  2. A ratio that was stored and is no longer measured fails as well, or a bench could be lost without a word.
 */
import { z } from 'zod';
import type { Comparison, Spread } from './rounds.ts';

/** A ratio may fall to this share of what it was. */
export const KEPT_SHARE_MIN = 0.8;

const SpreadShape = z.object({ median: z.number(), min: z.number(), max: z.number() });

/** By bench, work and the side that ours was set beside. */
export const Baselines = z.object({
  about: z.string(),
  ratios: z.record(z.string(), SpreadShape),
});

export type Ratios = Readonly<Record<string, Spread>>;

export type Verdict = 'kept' | 'gained' | 'unclear' | 'lost' | 'new' | 'gone';

export interface Judgement {
  readonly name: string;
  readonly stored: Spread | null;
  readonly found: Spread | null;
  readonly verdict: Verdict;
}

/** CPU time of the other side over that of ours; above 1 we are faster. */
export function ratiosOf(bench: string, { contests }: Comparison): Ratios {
  return Object.fromEntries(
    contests.flatMap(({ name, sides }) =>
      sides.slice(1).map((side) => [`${bench}: ${name}, over ${side.name}`, side.oursIsFasterBy]),
    ),
  );
}

export function judge(stored: Ratios, found: Ratios): readonly Judgement[] {
  const names = [...new Set([...Object.keys(stored), ...Object.keys(found)])];
  return names.map((name) => {
    const [before, now] = [stored[name] ?? null, found[name] ?? null];
    return { name, stored: before, found: now, verdict: verdictOf(before, now) };
  });
}

export function isFailure({ verdict }: Judgement): boolean {
  return verdict === 'lost' || verdict === 'gone';
}

function verdictOf(stored: Spread | null, found: Spread | null): Verdict {
  if (stored === null) return 'new';
  if (found === null) return 'gone';
  const limit = stored.median * KEPT_SHARE_MIN;
  if (found.max < limit) return 'lost';
  if (found.median < limit) return 'unclear';
  return found.min > stored.median / KEPT_SHARE_MIN ? 'gained' : 'kept';
}
