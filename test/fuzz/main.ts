/**
 * Sends hostile records of every kind to the services and hostile JSON to the gateway, and says what became of them.
 *
 *   node test/fuzz/main.ts --count N [--seed S] [--record NAME] [--json]
 *
 * `--record` takes the name of a record (`UsageEvent`), or `json` for the gateway. `--json` prints one report a line.
 * Ends with 1 when a promise was broken, with 2 when the arguments make no sense.
 */
import { parseArgs } from 'node:util';
import { fuzz, SUBJECTS } from './fuzz.ts';
import { faultsOf, type Report } from './report.ts';

const COUNT_DEFAULT = '10000';
const VERDICTS_SHOWN_MAX = 40;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: COUNT_DEFAULT },
    seed: { type: 'string', default: '1' },
    record: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [count, seed] = [Number(values.count), Number(values.seed)];
const subjects = SUBJECTS.filter((name) => values.record === undefined || name === values.record);

if (!(Number.isSafeInteger(count) && count > 0 && Number.isSafeInteger(seed)) || subjects.length === 0) {
  process.stderr.write(`count and seed are whole numbers; a record is one of ${SUBJECTS.join(', ')}\n`);
  process.exitCode = 2;
} else {
  for (const name of subjects) {
    const report = await fuzz(name, { seed, count });
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : textOf(report));
    if (faultsOf(report).length > 0) process.exitCode = 1;
  }
}

function textOf(report: Report): string {
  const {
    name,
    seed: used,
    records,
    witnesses,
    seconds,
    slowestMs,
    growthMebibytes,
    heapGrowthMebibytes,
    verdicts,
  } = report;
  const lines = Object.entries(verdicts).slice(0, VERDICTS_SHOWN_MAX);
  return [
    `${name}: ${records} hostile, ${witnesses} honest between them, seed ${used}, ${seconds} s`,
    `  slowest ${slowestMs} ms, memory grew by ${growthMebibytes} MiB, ${heapGrowthMebibytes} MiB of it in use`,
    ...lines.map(([verdict, times]) => `  ${String(times).padStart(9)}  ${verdict}`),
    ...faultsOf(report).map((fault) => `  BROKEN ${fault}`),
    ...report.findings.map(({ sent }) => `    sent ${sent}`),
    '',
  ].join('\n');
}
