/**
 * Compares ways of doing the same work: interleaved rounds in one process, CPU time of the thread, median and spread.
 *
 * Whoever comes first in a round warms the caches for the others, so each comes first equally often. What other
 * processes do meanwhile is not counted, and neither is what V8 collects on its helper threads. The kernel counts in
 * ticks of some milliseconds, so a turn should last for some hundred.
 */
import Table from 'cli-table3';
import { type Progress, SILENT } from '../../infra/cli/progress.ts';

const ROUNDS = 7;
/** Until everything is compiled; long enough for the optimising compiler. */
const WARM_ROUNDS = 2;

export interface Side {
  readonly name: string;
  /** Outside the measured time, before each of its turns. */
  readonly prepare?: () => void | Promise<void>;
  readonly run: () => void | Promise<void>;
}

export interface Contest {
  readonly name: string;
  /** How many of what one turn of every side does. */
  readonly operations: number;
  readonly operation: string;
  /** Ours first. */
  readonly sides: readonly Side[];
  readonly rounds?: number;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface ContestResult {
  readonly name: string;
  readonly operation: string;
  readonly operations: number;
  readonly rounds: number;
  readonly sides: readonly {
    readonly name: string;
    readonly perCpuSecond: Spread;
    /** CPU time of this side over that of ours, of each round; above 1 we are faster. */
    readonly oursIsFasterBy: Spread;
  }[];
}

/** What every small bench answers: figures, and whether all sides came to the same results. */
export interface Comparison {
  readonly contests: readonly ContestResult[];
  /** How many results were compared, and how many differed. */
  readonly compared: number;
  readonly differences: number;
}

export async function compete(contest: Contest, progress: Progress = SILENT): Promise<ContestResult> {
  const rounds = contest.rounds ?? ROUNDS;
  const shown = progress.start(contest.name, rounds + WARM_ROUNDS);
  const times = contest.sides.map((): number[] => []);
  for (let round = -WARM_ROUNDS; round < rounds; round += 1) {
    for (let turn = 0; turn < contest.sides.length; turn += 1) {
      const index = (round + WARM_ROUNDS + turn) % contest.sides.length;
      const side = contest.sides[index];
      if (side === undefined) continue;
      await side.prepare?.();
      const begun = process.threadCpuUsage();
      await side.run();
      const { user, system } = process.threadCpuUsage(begun);
      if (round >= 0) times[index]?.push((user + system) / 1e6);
    }
    shown.add(1);
  }
  shown.end();
  return contestResult({
    ...contest,
    sides: contest.sides.map(({ name }, index) => ({ name, seconds: times[index] ?? [] })),
  });
}

/** From the CPU seconds that each side took in each round; ours first. */
export function contestResult(measured: {
  readonly name: string;
  readonly operations: number;
  readonly operation: string;
  readonly sides: readonly { readonly name: string; readonly seconds: readonly number[] }[];
}): ContestResult {
  const { name, operations, operation, sides } = measured;
  const ours = sides[0]?.seconds ?? [];
  return {
    name,
    operation,
    operations,
    rounds: ours.length,
    sides: sides.map((side) => ({
      name: side.name,
      perCpuSecond: spreadOf(side.seconds.map((seconds) => operations / seconds)),
      oursIsFasterBy: spreadOf(side.seconds.map((seconds, round) => seconds / (ours[round] ?? Number.NaN))),
    })),
  };
}

export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { median: at(Math.floor(sorted.length / 2)), min: at(0), max: at(sorted.length - 1) };
}

export function spreadText({ median, min, max }: Spread, digits: number): string {
  const [middle, low, high] = [median, min, max].map((each) =>
    each.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
  return `${middle} (${low} to ${high})`;
}

export function comparisonText({ contests, compared, differences }: Comparison): string {
  const table = new Table({
    head: ['work', 'way', 'a CPU second', 'CPU time over ours'],
    style: { head: [], border: [] },
  });
  for (const { name, operation, sides } of contests) {
    for (const side of sides) {
      const rate = `${spreadText(side.perCpuSecond, 0)} ${operation}`;
      table.push([name, side.name, rate, spreadText(side.oursIsFasterBy, 2)]);
    }
  }
  const rounds = contests[0]?.rounds ?? 0;
  return `${table}\nmedian of ${rounds} rounds (lowest to highest); ${compared} results compared, ${differences} differ\n`;
}
