/**
 * `npm run bench -- NAME... [--json]`: figures of this machine, of the whole system and of its parts.
 *
 * Rates depend on the machine; compare only figures of one run. Exit code 1 when a use was lost or when two ways of
 * doing the same work came to different results.
 */
import { Command } from 'commander';
import { codec } from './codec.ts';
import { kernel } from './kernel.ts';
import { money } from './money.ts';
import { peerBench } from './peer/bench.ts';
import { recordBatch } from './record-batch.ts';
import { type Comparison, comparisonText } from './rounds.ts';
import { sinkLine, sinkRows } from './sink.ts';
import { lostIn, type SystemBench, systemBench, systemText } from './system.ts';

interface Options {
  readonly events: string;
  readonly rates?: string;
  readonly seconds: string;
  readonly keys: string;
  readonly peerDir?: string;
  readonly runs: string;
  readonly partitions: string;
  readonly measures: string;
  readonly programs: string;
  readonly oursCommitMs?: string;
  readonly nodeOptions?: string;
  readonly json?: boolean;
}

/** What a bench answers: figures for programs, the same for people, and whether nothing was wrong. */
interface Outcome {
  readonly figures: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly isSound: boolean;
}

const COMPARISONS: Readonly<Record<string, () => Promise<Comparison>>> = {
  kernel: () => kernel(),
  money: () => money(),
  codec: () => codec(),
  'record-batch': () => recordBatch(),
};

const SYSTEM: readonly SystemBench[] = ['throughput', 'latency', 'recovery'];
const NAMES: readonly string[] = [...SYSTEM, ...Object.keys(COMPARISONS), 'sink', 'peer'];
const DEFAULT: readonly string[] = ['latency', 'throughput'];

const command = new Command('npm run bench --')
  .argument('[names...]', `${NAMES.join(', ')}; ${DEFAULT.join(' and ')} when none is named`)
  .option('--events <n>', 'uses of a throughput run', '1000000')
  .option('--rates <list>', 'uses a second of the latency runs: 1000, for the peer 1000,5000 too')
  .option('--seconds <n>', 'length of a latency run', '20')
  .option('--keys <n>', 'keys of state of the recovery run', '1000000')
  .option('--peer-dir <dir>', 'peer: where the Kafka Streams program is; built already when NO_BUILD=1')
  .option('--runs <n>', 'peer: runs of each program and measurement', '5')
  .option('--partitions <list>', 'peer: partitions of the throughput runs', '1,4')
  .option('--measures <list>', 'peer: which of the two', 'throughput,latency')
  .option('--programs <list>', 'peer: which of the two', 'peer,ours')
  .option('--ours-commit-ms <n>', 'peer: another commit interval of ours')
  .option('--node-options <flags>', 'peer: flags for our process, --cpu-prof for instance')
  .option('--json', 'one JSON object on standard output');

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function compared(name: string, run: () => Promise<Comparison>): Promise<Outcome> {
  tell(name);
  const comparison = await run();
  const text = comparisonText(comparison);
  return { figures: { [name]: comparison }, text, isSound: comparison.differences === 0 };
}

async function ofSystem(names: readonly SystemBench[], options: Options): Promise<Outcome> {
  const result = await systemBench(new Set(names), {
    events: Number(options.events),
    rates: (options.rates ?? '1000').split(',').map(Number),
    seconds: Number(options.seconds),
    keys: Number(options.keys),
    tell,
  });
  return { figures: { ...result }, text: systemText(result), isSound: lostIn(result) === 0 };
}

async function ofSink(): Promise<Outcome> {
  tell('sink');
  const sink = await sinkRows();
  return { figures: { sink }, text: sinkLine(sink), isSound: sink.equal };
}

async function ofPeer(options: Options): Promise<Outcome> {
  const { peerDir, oursCommitMs, nodeOptions } = options;
  const { figures, text, isSound } = await peerBench({
    ...(peerDir === undefined ? {} : { peerDir }),
    ...(oursCommitMs === undefined ? {} : { oursCommitMs }),
    ...(nodeOptions === undefined ? {} : { nodeOptions }),
    isBuilt: process.env['NO_BUILD'] === '1',
    runs: Number(options.runs),
    events: Number(options.events),
    seconds: Number(options.seconds),
    partitions: options.partitions,
    rates: options.rates ?? '1000,5000',
    measures: options.measures,
    programs: options.programs,
    tell,
  });
  return { figures: { peer: figures }, text, isSound };
}

async function main(names: readonly string[], options: Options): Promise<number> {
  const unknown = names.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0) {
    tell(`there is no bench ${unknown.join(', ')}; see --help`);
    return 1;
  }
  const outcomes: Outcome[] = [];
  for (const [name, run] of Object.entries(COMPARISONS)) {
    if (names.includes(name)) outcomes.push(await compared(name, run));
  }
  if (names.includes('sink')) outcomes.push(await ofSink());
  if (names.includes('peer')) outcomes.push(await ofPeer(options));
  const ofWhole = SYSTEM.filter((name) => names.includes(name));
  if (ofWhole.length > 0) outcomes.push(await ofSystem(ofWhole, options));
  const figures = Object.assign({}, ...outcomes.map((outcome) => outcome.figures));
  const text = outcomes.map((outcome) => outcome.text).join('\n');
  process.stdout.write(options.json === true ? `${JSON.stringify(figures)}\n` : text);
  return outcomes.every(({ isSound }) => isSound) ? 0 : 1;
}

command.parse();
process.exitCode = await main(command.args.length > 0 ? command.args : DEFAULT, command.opts<Options>());
