/**
 * What a load costs of one core, by part of the system: the other half of every latency and of every rate.
 *
 * `sender` is the process of the bench, which sends and measures; `others` is what is none of ours; `stolen` is what the
 * machine's host took away, as far as it says so. A part that was restarted meanwhile would show less than it took; the
 * benches restart none.
 */
import { availableParallelism } from 'node:os';
import type { System } from '../../infra/system.ts';
import { machineCpuSeconds, readings } from './bench-system.ts';
import { rounded, tableText } from './table.ts';

export type CoreShares = Readonly<Record<string, number>>;

/** From here on the cores are what bounds. */
const BUSY_SHARE = 0.9;

/** Begins to count; the answer ends it. */
export function countCoreShares(system: System): () => CoreShares {
  const begun = performance.now();
  const before = cpuSeconds(system);
  return () => {
    const elapsedS = (performance.now() - begun) / 1_000;
    const shares = Object.entries(cpuSeconds(system)).map(
      // Ticks are counted in hundredths of a second: `others` may come out below nothing.
      ([name, cpuS]) => [name, rounded(Math.max(0, cpuS - (before[name] ?? 0)) / elapsedS, 3)] as const,
    );
    return Object.fromEntries(shares);
  };
}

function cpuSeconds(system: System): Readonly<Record<string, number>> {
  const { user, system: kernel } = process.cpuUsage();
  const parts = Object.entries(readings(system)).map(([name, { cpuS }]) => [name, cpuS] as const);
  const ours: Readonly<Record<string, number>> = {
    ...Object.fromEntries(parts),
    sender: (user + kernel) / 1e6,
  };
  const machine = machineCpuSeconds();
  if (machine === null) return ours;
  const sum = Object.values(ours).reduce((total, cpuS) => total + cpuS, 0);
  return { ...ours, others: machine.used - sum, stolen: machine.stolen };
}

export interface AtRate {
  readonly ratePerSecond: number;
  readonly coreShares: CoreShares;
}

/** A table of all parts and a sentence for each rate. */
export function coreSharesText(runs: readonly AtRate[], cores = availableParallelism()): string {
  const parts = Object.keys(runs[0]?.coreShares ?? {});
  const rows = parts.map((part) => [part, ...runs.map(({ coreShares }) => percent(coreShares[part] ?? 0))]);
  return (
    tableText(['% of a core', ...runs.map(({ ratePerSecond }) => `at ${ratePerSecond}/s`)], rows) +
    runs.map((run) => `${limitText(run, cores)}\n`).join('')
  );
}

export function limitText({ ratePerSecond, coreShares }: AtRate, cores: number): string {
  const sorted = Object.entries(coreShares).toSorted(([, a], [, b]) => b - a);
  const sum = sorted.reduce((total, [, share]) => total + share, 0);
  const most = sorted.slice(0, 3).map(([part, share]) => `${part} ${percent(share)} %`);
  const used = `${rounded(sum, 2)} of ${cores} cores`;
  const bound = sum >= cores * BUSY_SHARE ? 'the cores bound it' : 'the cores do not bound it';
  return `at ${ratePerSecond}/s ${bound}: ${used}, most of them ${most.join(', ')}`;
}

function percent(share: number): number {
  return rounded(share * 100, 1);
}
