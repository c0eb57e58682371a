/** Where readers of the same money differ, each difference in words: what was added up, and who found what. */
import type { ForeignTotals, Sums } from './foreign-audit.ts';

export function differencesOf(readers: Readonly<Record<string, ForeignTotals>>): readonly string[] {
  const lines = Object.entries(readers).map(([name, totals]) => [name, linesOf(totals)] as const);
  const names = new Set(lines.flatMap(([, found]) => [...found.keys()]));
  return [...names].sort().flatMap((name) => {
    const found = lines.map(([reader, of]) => [reader, of.get(name) ?? 0n] as const);
    if (new Set(found.map(([, value]) => value)).size === 1) return [];
    return [`${name}: ${found.map(([reader, value]) => `${reader} ${value}`).join(', ')}`];
  });
}

/** Every number under a name of its own. Sums are in units of 1e-12. */
function linesOf({ charges, trial, ledger, customers, ...counts }: ForeignTotals): Sums {
  const sums = Object.entries({ charges, trial, ledger, customers }).flatMap(([of, found]) =>
    [...found].map(([name, units]): [string, bigint] => [`${of} ${name}`, units]),
  );
  const counted = Object.entries(counts).map(([name, count]): [string, bigint] => [name, BigInt(count)]);
  return new Map([...sums, ...counted]);
}
