/**
 * `npm run bench -- NAME... [--json]`: figures of this machine, of the whole system and of its parts.
 *
 * Rates depend on the machine; compare only figures of one run. Exit code 1 when a use was lost, when two ways of doing
 * the same work came to different results, or when `check` found that a ratio was lost.
 */
import { Command } from 'commander';
import { progressOn } from '../../infra/cli/progress.ts';
import type { Outcome, Settings } from './bench.ts';
import { BENCHES } from './benches.ts';

const DEFAULT: readonly string[] = ['latency', 'throughput'];
const ABOUTS = BENCHES.flatMap(({ names }) => Object.entries(names));
const LIST = ABOUTS.map(([name, about]) => `  ${name.padEnd(14)}${about}`).join('\n');

interface Options {
  readonly events?: string;
  readonly rates?: string;
  readonly seconds: string;
  readonly keys: string;
  readonly uses: string;
  readonly partitions?: string;
  readonly accountsMax: string;
  readonly idsMax: string;
  readonly parts?: string;
  readonly runs: string;
  readonly measures: string;
  readonly programs: string;
  readonly peerDir?: string;
  readonly oursCommitMs?: string;
  readonly oursThreads: string;
  readonly nodeOptions?: string;
  readonly write?: boolean;
  readonly plot?: string;
  readonly json?: boolean;
}

const command = new Command('npm run bench --')
  .argument('[names...]', `${DEFAULT.join(' and ')} when none is named`)
  .option('--events <n>', 'uses: throughput and peer 1000000, replay 100000')
  .option('--rates <list>', 'uses a second: latency and peer 1000,5000, end-to-end 1000')
  .option('--seconds <n>', 'length of a run at a rate', '20')
  .option('--keys <n>', 'keys of state of recovery and restore', '1000000')
  .option('--uses <n>', 'proof and check: uses of the history in memory', '12000')
  .option('--partitions <list>', 'growth 1,2,4,8,16; throughput of the peer 1,4')
  .option('--accounts-max <n>', 'growth: up to so many accounts', '1000000')
  .option('--ids-max <n>', 'growth: up to so many remembered request ids', '16777216')
  .option('--parts <list>', 'growth: partitions, accounts, ids; check: which comparisons')
  .option('--plot <file>', 'growth: an SVG of the figures')
  .option('--write', 'check: store the ratios instead of comparing them')
  .option('--peer-dir <dir>', 'peer: where the Kafka Streams program is; built already when NO_BUILD=1')
  .option('--runs <n>', 'peer: runs of each program and measurement', '5')
  .option('--measures <list>', 'peer: which of the two', 'throughput,latency')
  .option('--programs <list>', 'peer: which of the two', 'peer,ours')
  .option('--ours-commit-ms <n>', 'peer: another commit interval of ours')
  .option('--ours-threads <n>', 'peer: threads of ours, where there are as many partitions', '2')
  .option('--node-options <flags>', 'peer: flags for our process, --cpu-prof for instance')
  .option('--json', 'one JSON object on standard output')
  .addHelpText('after', `\nBenches:\n${LIST}\n`);

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function numbers(list: string | undefined): readonly number[] | null {
  return list === undefined ? null : list.split(',').map(Number);
}

function settingsOf(options: Options): Settings {
  return {
    events: options.events === undefined ? null : Number(options.events),
    rates: numbers(options.rates),
    seconds: Number(options.seconds),
    keys: Number(options.keys),
    uses: Number(options.uses),
    partitions: numbers(options.partitions),
    accountsMax: Number(options.accountsMax),
    idsMax: Number(options.idsMax),
    parts: options.parts?.split(',') ?? null,
    runs: Number(options.runs),
    measures: options.measures,
    programs: options.programs,
    peerDir: options.peerDir ?? null,
    oursCommitMs: options.oursCommitMs ?? null,
    oursThreads: Number(options.oursThreads),
    nodeOptions: options.nodeOptions ?? null,
    write: options.write === true,
    plot: options.plot ?? null,
  };
}

async function main(names: readonly string[], options: Options): Promise<number> {
  const unknown = names.filter((name) => !ABOUTS.some(([known]) => known === name));
  if (unknown.length > 0) {
    tell(`there is no bench ${unknown.join(', ')}; see --help`);
    return 1;
  }
  const context = { settings: settingsOf(options), tell, progress: progressOn(process.stderr) };
  const outcomes: Outcome[] = [];
  for (const bench of BENCHES) {
    const asked = new Set(Object.keys(bench.names).filter((name) => names.includes(name)));
    if (asked.size > 0) outcomes.push(await bench.run(context, asked));
  }
  const figures = Object.assign({}, ...outcomes.map((outcome) => outcome.figures));
  const text = outcomes.map((outcome) => outcome.text).join('\n');
  process.stdout.write(options.json === true ? `${JSON.stringify(figures)}\n` : text);
  return outcomes.every(({ isSound }) => isSound) ? 0 : 1;
}

command.parse();
process.exitCode = await main(command.args.length > 0 ? command.args : DEFAULT, command.opts<Options>());
