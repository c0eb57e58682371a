/**
 * Simulates seeds one after the other and audits each:
 *
 *   node test/simulation/main.ts --seeds 1000 [--from SEED] [--events N] [--kinds a,b|none] [--faults N] [--json]
 *
 * Exit code 1 when an invariant was violated; then the smallest failing options found are printed as a command.
 */
import { parseArgs } from 'node:util';
import { Counts } from '../../infra/proof/sums.ts';
import { EVENTS_DEFAULT, FAULT_KINDS, optionsOf } from './options.ts';
import { commandOf, shrink } from './shrink.ts';
import { type Report, simulate } from './simulate.ts';

const PROGRESS_MS = 5_000;
const SHRUNK_MAX = 3;
const SHOWN_MAX = 8;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    events: { type: 'string', default: String(EVENTS_DEFAULT) },
    kinds: { type: 'string', default: 'all' },
    faults: { type: 'string', default: String(Number.MAX_SAFE_INTEGER) },
    json: { type: 'boolean', default: false },
  },
});

function wholeNumber(name: 'seeds' | 'from' | 'events' | 'faults'): number {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} ${values[name]} is not a whole number`);
}

function kinds(): ReadonlySet<(typeof FAULT_KINDS)[number]> {
  const asked = values.kinds.split(',');
  return new Set(FAULT_KINDS.filter((kind) => values.kinds === 'all' || asked.includes(kind)));
}

const started = performance.now();
const cpuBefore = process.cpuUsage();
const [seeds, from, events, faultsMax] = [
  wholeNumber('seeds'),
  wholeNumber('from'),
  wholeNumber('events'),
  wholeNumber('faults'),
];
const faults = new Counts();
const failures: Report[] = [];
let [done, uses, records, fenced, shownAt] = [0, 0, 0, 0, started];

function rates(): { readonly perMinute: number; readonly perCoreMinute: number } {
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    perMinute: Math.round((uses * 60_000) / (performance.now() - started)),
    perCoreMinute: Math.round((uses * 60_000_000) / (user + system)),
  };
}

function progress(): void {
  const { perMinute, perCoreMinute } = rates();
  process.stderr.write(
    `seed ${from + done - 1}: ${done}/${seeds} seeds, ${uses} uses, ${faults.total} faults, ` +
      `${perMinute} uses/min (${perCoreMinute} per minute of one core), ${failures.length} failed\n`,
  );
}

async function tell(report: Report): Promise<void> {
  const { options, violations } = report;
  process.stderr.write(`\nSEED ${options.seed} VIOLATES ${violations.length}:\n`);
  for (const violation of violations.slice(0, SHOWN_MAX)) process.stderr.write(`  ${violation}\n`);
  if (failures.length > SHRUNK_MAX) return;
  const smallest = await shrink(report, (smaller) => simulate(smaller));
  process.stderr.write(`smallest found: ${commandOf(smallest)}\n`);
  for (const violation of smallest.violations.slice(0, SHOWN_MAX)) process.stderr.write(`  ${violation}\n`);
}

for (let seed = from; seed < from + seeds; seed += 1) {
  const report = await simulate(optionsOf(seed, { events, kinds: kinds(), faultsMax }));
  done += 1;
  uses += report.uses;
  records += report.records;
  fenced += report.fenced;
  for (const [name, count] of report.faults.entries()) faults.add(name, count);
  if (report.violations.length > 0) {
    failures.push(report);
    await tell(report);
  }
  if (performance.now() - shownAt >= PROGRESS_MS) {
    shownAt = performance.now();
    progress();
  }
}

const summary = {
  seeds: done,
  from,
  eventsPerSeed: events,
  uses,
  records,
  faults: faults.total,
  fenced,
  usesPerMinute: rates().perMinute,
  usesPerCoreMinute: rates().perCoreMinute,
  faultsByKind: Object.fromEntries(faults.entries()),
  failed: failures.map(({ options, violations }) => ({ seed: options.seed, violations })),
};
if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
else {
  progress();
  process.stdout.write(`faults: ${faults.text()}\nformer owners refused: ${fenced}\n`);
  process.stdout.write(failures.length === 0 ? 'no violation\n' : `${failures.length} seeds failed\n`);
}
process.exitCode = failures.length === 0 ? 0 : 1;
