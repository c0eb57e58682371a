/**
 * The chaos program: the whole graph under a steady load, faults drawn from a seed, and an audit after every round.
 *
 * Exit codes: 0 when nothing was violated, 1 when something was (the state folder of that round is kept and named), 2
 * for wrong options. A world is thrown away after a few rounds, so that beginnings are tried as often as the long run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../../infra/main-job/random.ts';
import { Counts } from '../../infra/proof/sums.ts';
import { recoveriesMs } from './chaos/faults.ts';
import { Load } from './chaos/load.ts';
import { runRound } from './chaos/round.ts';
import { World } from './chaos/world.ts';

const ROUNDS_PER_WORLD = 5;
const USES_PER_WORLD = 1_000_000;
const SEEDS = 1_000_000_000;

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
  readonly asJson: boolean;
}

interface Report {
  readonly seed: number;
  rounds: number;
  worlds: number;
  /** Acknowledged records, whatever became of them. */
  events: number;
  readonly faults: Counts;
  readonly ends: string[];
  violations: readonly string[];
  keptFolder: string | null;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string' },
      rate: { type: 'string', default: '200' },
      json: { type: 'boolean', default: false },
    },
  });
  const options = {
    minutes: Number(values.minutes),
    seed: values.seed === undefined ? Date.now() % SEEDS : Number(values.seed),
    rate: Number(values.rate),
    asJson: values.json,
  };
  if (options.minutes > 0 && Number.isSafeInteger(options.seed) && options.rate > 0) return options;
  throw new TypeError('give --minutes and --rate above zero and a whole number as --seed');
}

class Chaos {
  readonly report: Report;
  readonly #options: Options;
  readonly #random: Random;
  readonly #begunAt = performance.now();
  readonly #stopping = new AbortController();

  constructor(options: Options) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.report = {
      seed: options.seed,
      rounds: 0,
      worlds: 0,
      events: 0,
      faults: new Counts(),
      ends: [],
      violations: [],
      keptFolder: null,
    };
  }

  get minutes(): number {
    return (performance.now() - this.#begunAt) / 60_000;
  }

  /** The round under way is finished first. */
  stop(): void {
    this.#stopping.abort();
  }

  tell(line: string): void {
    const stream = this.#options.asJson ? process.stderr : process.stdout;
    stream.write(`${this.minutes.toFixed(2).padStart(7)} min  ${line}\n`);
  }

  async run(): Promise<void> {
    this.tell(`seed ${this.#options.seed}`);
    while (this.#goesOn()) await this.#runWorld();
  }

  #goesOn(): boolean {
    const isOver = this.#stopping.signal.aborted || this.minutes >= this.#options.minutes;
    return !isOver && this.report.violations.length === 0;
  }

  async #runWorld(): Promise<void> {
    const stateDir = await mkdtemp(join(tmpdir(), 'outcome-ledger-chaos-'));
    const world = await World.start({ stateDir, tell: (line) => this.tell(line) });
    this.report.worlds += 1;
    this.tell(`world ${this.report.worlds} is up in ${stateDir}`);
    const load = await Load.open(world, { seed: this.#random.below(SEEDS), uses: USES_PER_WORLD });
    for (let round = 1; round <= ROUNDS_PER_WORLD && this.#goesOn(); round += 1) {
      await this.#runRound(world, load, round === ROUNDS_PER_WORLD);
    }
    this.report.ends.push(...world.ends);
    await load.close();
    await world.stop();
    if (this.report.violations.length > 0) this.report.keptFolder = stateDir;
    else await rm(stateDir, { recursive: true, force: true });
  }

  async #runRound(world: World, load: Load, withReplay: boolean): Promise<void> {
    const before = load.sent.total;
    const { faults } = this.report;
    const tell = (line: string): void => this.tell(line);
    const usesPerSecond = this.#options.rate;
    const violations = await runRound({
      world,
      load,
      random: this.#random,
      usesPerSecond,
      withReplay,
      faults,
      tell,
    });
    this.report.rounds += 1;
    this.report.events += load.sent.total - before;
    this.report.violations = violations;
    const { rounds, events } = this.report;
    this.tell(
      `round ${rounds}: ${events} events so far; faults ${faults.text()}; ${violations.length} violations`,
    );
    for (const violation of violations) this.tell(`VIOLATED ${violation}`);
  }
}

function printReport(
  { report, minutes, tell }: { report: Report; minutes: number; tell: (line: string) => void },
  asJson: boolean,
): void {
  const slowest = Math.max(0, ...recoveriesMs);
  const words = {
    ...report,
    faults: Object.fromEntries(report.faults.entries()),
    minutes: Number(minutes.toFixed(1)),
    brokerRecoveries: recoveriesMs.length,
    brokerRecoverySlowestMs: Math.round(slowest),
  };
  if (asJson) process.stdout.write(`${JSON.stringify(words)}\n`);
  tell(
    `${words.minutes} minutes, ${report.rounds} rounds in ${report.worlds} worlds, ${report.events} events, faults: ${report.faults.text()}; ` +
      `slowest recovery of ${recoveriesMs.length} from a killed broker ${words.brokerRecoverySlowestMs} ms`,
  );
  if (report.keptFolder !== null) tell(`the state of the failing round is kept in ${report.keptFolder}`);
  tell(`seed ${report.seed}: ${report.violations.length} violations`);
}

try {
  const options = readOptions(process.argv.slice(2));
  const chaos = new Chaos(options);
  const stop = (): void => chaos.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  await chaos.run();
  printReport(
    { report: chaos.report, minutes: chaos.minutes, tell: (line) => chaos.tell(line) },
    options.asJson,
  );
  process.exitCode = chaos.report.violations.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof TypeError ? 2 : 1;
}
