/** Makes a failing run smaller: fewer uses, fewer kinds of faults, fewer faults, as long as it still fails. */
import { FAULT_KINDS, type SimulationOptions } from './options.ts';
import type { Report } from './simulate.ts';

const TRIES_MAX = 60;

export async function shrink(
  failing: Report,
  simulate: (options: SimulationOptions) => Promise<Report>,
): Promise<Report> {
  let best = failing;
  let tries = 0;
  const improve = async (change: Partial<SimulationOptions>): Promise<boolean> => {
    tries += 1;
    if (tries > TRIES_MAX) return false;
    const report = await simulate({ ...best.options, ...change });
    if (report.violations.length === 0) return false;
    best = report;
    return true;
  };
  for (const kind of FAULT_KINDS) {
    const { kinds } = best.options;
    if (kinds.has(kind)) await improve({ kinds: new Set([...kinds].filter((other) => other !== kind)) });
  }
  while (await improve({ events: Math.floor(best.options.events / 2) }));
  for (const part of [0.75, 0.9]) {
    while (best.options.events > 1 && (await improve({ events: Math.floor(best.options.events * part) })));
  }
  for (const faultsMax of [0, 1, 2, 4, 8, 16, 32]) if (await improve({ faultsMax })) break;
  return best;
}

export function commandOf({ options }: Pick<Report, 'options'>): string {
  const { seed, events, kinds, faultsMax } = options;
  const listed = kinds.size === 0 ? 'none' : [...kinds].join(',');
  const limit = faultsMax === Number.MAX_SAFE_INTEGER ? '' : ` --faults ${faultsMax}`;
  return `npm run simulate -- --seeds 1 --from ${seed} --events ${events} --kinds ${listed}${limit}`;
}
