/**
 * `npm run bench -- check`: the cheap comparisons, against the ratios in `baselines.json`.
 *
 * Ratios of two sides in one process mean the same on another machine, more or less; rates do not. `--write` stores what
 * was measured; whoever does that says in the commit why the ratios changed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Baselines,
  isFailure,
  type Judgement,
  judge,
  KEPT_SHARE_MIN,
  type Ratios,
  ratiosOf,
} from './baseline.ts';
import type { Bench, BenchContext, Outcome } from './bench.ts';
import { CHEAP } from './comparisons.ts';
import { type Spread, spreadText } from './rounds.ts';
import { rounded, tableText } from './table.ts';

const FILE = join(import.meta.dirname, 'baselines.json');
const ABOUT =
  'CPU time of the other side over that of ours; written by `npm run bench -- check --write`, median of the rounds of one run.';

export const CHECK: Bench = {
  names: { check: 'the cheap comparisons against stored ratios; fails where one lost more than 20 %' },
  run: check,
};

async function check(context: BenchContext): Promise<Outcome> {
  const ratios: Record<string, Spread> = {};
  let differences = 0;
  for (const { name, compare } of chosen(context)) {
    context.tell(`check: ${name}`);
    const comparison = await compare(context);
    differences += comparison.differences;
    Object.assign(ratios, ratiosOf(name, comparison));
  }
  if (context.settings.write) {
    const before = context.settings.parts === null ? {} : stored();
    writeBaselines({ ...before, ...ratios });
    return outcome(judge(ratios, ratios), differences);
  }
  return outcome(judge(ofChosen(stored(), context), ratios), differences);
}

function chosen({ settings: { parts } }: BenchContext) {
  return CHEAP.filter(({ name }) => parts === null || parts.includes(name));
}

/** A part that was not run is not missed. */
function ofChosen(ratios: Ratios, context: BenchContext): Ratios {
  const names = chosen(context).map(({ name }) => `${name}: `);
  return Object.fromEntries(
    Object.entries(ratios).filter(([key]) => names.some((name) => key.startsWith(name))),
  );
}

function stored(): Ratios {
  return Baselines.parse(JSON.parse(readFileSync(FILE, 'utf8'))).ratios;
}

function writeBaselines(ratios: Ratios): void {
  const entries = Object.entries(ratios).map(([name, { median, min, max }]) => [
    name,
    { median: rounded(median, 3), min: rounded(min, 3), max: rounded(max, 3) },
  ]);
  writeFileSync(FILE, `${JSON.stringify({ about: ABOUT, ratios: Object.fromEntries(entries) }, null, 2)}\n`);
}

function outcome(judgements: readonly Judgement[], differences: number): Outcome {
  const lost = judgements.filter(isFailure).length;
  return {
    figures: { check: { judgements, differences } },
    text: checkText(judgements, differences),
    isSound: lost === 0 && differences === 0,
  };
}

export function checkText(judgements: readonly Judgement[], differences: number): string {
  const text = (spread: Spread | null): string => (spread === null ? '' : spreadText(spread, 2));
  const rows = judgements.map(({ name, stored: before, found, verdict }) => [
    name,
    text(before),
    text(found),
    verdict === 'lost' || verdict === 'gone' ? verdict.toUpperCase() : verdict,
  ]);
  const lost = judgements.filter(isFailure);
  const limit = Math.round((1 - KEPT_SHARE_MIN) * 100);
  return (
    tableText(['ratio', 'stored', 'now', 'verdict'], rows) +
    `${lost.length === 0 ? `no ratio lost more than ${limit} % in all rounds` : `${lost.length} lost more than ${limit} %, in all rounds`}; ` +
    `${differences} results differ\n` +
    'left out: whatever needs a broker (transactions, latency, end-to-end, replay, growth over partitions, peer)\n'
  );
}
