/**
 * `npm run bench -- peer`: Kafka Streams and our runtime, doing the same work on one broker, in alternation.
 *
 * The peer's own driver loads, starts, measures and checks both programs (its README says how); each measurement is one
 * run of it. Both programs, the broker and the driver share the machine's cores. Every run must be correct by the
 * driver's own count, sum and balances, or the bench fails.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { nodeOptionsOf } from '../../../infra/embedded/node-options.ts';
import { buildPeer, classPath, findPeer, type PeerBroker, startBroker } from './scratch.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const DRIVER_JVM = ['-Xmx1500m', '-XX:+UseSerialGC', '-Dorg.apache.avro.specific.use_custom_coders=true'];
/** How long the driver waits for an idle machine before each run. */
const QUIET_WAIT_S = 6;
const WARM_EVENTS = 200_000;
const STOPPING = ['SIGINT', 'SIGTERM'] as const;

export type Program = 'ours' | 'peer';
export type Measure = 'throughput' | 'latency';

export interface PeerOptions {
  readonly dir: string;
  readonly isBuilt: boolean;
  readonly runs: number;
  readonly events: number;
  readonly partitions: readonly number[];
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly measures: readonly Measure[];
  /** Both for a comparison; one to look at it alone. */
  readonly programs: readonly Program[];
  readonly commitMs: Readonly<Record<Measure, Readonly<Record<Program, number>>>>;
  /** Of ours, where there are as many partitions. */
  readonly threads: number;
  /** Flags of the Node process of ours, for a profile for instance. */
  readonly nodeOptions: readonly string[];
  readonly tell: (line: string) => void;
}

const Figures = z.looseObject({
  figure: z.string(),
  correct: z.string().optional(),
});

/** What the driver said about one run. */
export interface PeerRun {
  readonly program: Program;
  readonly measure: Measure;
  /** Partitions of a throughput run, events a second of a latency run. */
  readonly at: number;
  readonly correct: string;
  readonly figures: Readonly<Record<string, unknown>>;
}

/** Null when there is no peer to compare with. */
export async function comparePeer(options: PeerOptions): Promise<readonly PeerRun[] | null> {
  const found = findPeer(options.dir);
  if (found === null) return null;
  const scratch = await mkdtemp(join(tmpdir(), 'outcome-ledger-peer-'));
  let broker: PeerBroker | null = null;
  try {
    if (!options.isBuilt) options.tell('building the peer');
    const peer = buildPeer(found, scratch, options.isBuilt);
    options.tell('starting the broker');
    broker = await startBroker(peer, scratch);
    const place = { options, peer, scratch, broker };
    for (const plan of warmUp(options)) await runDriver(plan, place);
    const runs: PeerRun[] = [];
    for (let round = 0; round < options.runs; round += 1) {
      for (const plan of plans(options, round)) {
        const run = await runDriver(plan, place);
        options.tell(JSON.stringify({ program: run.program, ...run.figures }));
        runs.push(run);
      }
    }
    return runs;
  } finally {
    await broker?.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Plan {
  readonly program: Program;
  readonly measure: Measure;
  readonly at: number;
  readonly settings: readonly string[];
}

/** A broker that was just started takes twice the time of the cores, and its latencies say little of either program. */
function warmUp(options: PeerOptions): readonly Plan[] {
  options.tell('warming the broker up');
  const settings = ['P=1', `N=${WARM_EVENTS}`, 'COMMIT_MS=20', 'QUIET_WAIT=0'];
  return options.programs.map((program) => ({ program, measure: 'throughput', at: 1, settings }));
}

/** The two programs one after the other for each measurement; who comes first changes from round to round. */
function plans(options: PeerOptions, round: number): readonly Plan[] {
  const programs = round % 2 === 0 ? options.programs : options.programs.toReversed();
  return options.measures.flatMap((measure) => {
    const points = measure === 'throughput' ? options.partitions : options.rates;
    return points.flatMap((at) =>
      programs.map((program) => ({
        program,
        measure,
        at,
        settings: settingsOf(options, measure, { program, at }),
      })),
    );
  });
}

function settingsOf(
  options: PeerOptions,
  measure: Measure,
  { program, at }: { readonly program: Program; readonly at: number },
): readonly string[] {
  const common = [`COMMIT_MS=${options.commitMs[measure][program]}`, `QUIET_WAIT=${QUIET_WAIT_S}`];
  if (measure === 'throughput') return [...common, `P=${at}`, `N=${options.events}`];
  return [...common, 'P=1', `RATE=${at}`, `SECONDS=${options.seconds}`, `WARM=${options.warmSeconds}`];
}

interface Place {
  readonly options: PeerOptions;
  readonly peer: string;
  readonly scratch: string;
  readonly broker: PeerBroker;
}

async function runDriver(plan: Plan, { options, peer, scratch, broker }: Place): Promise<PeerRun> {
  const { program, measure, at, settings } = plan;
  const ours = [process.execPath, ...nodeOptionsOf('rating'), ...options.nodeOptions, MAIN];
  const driver = spawn('java', [...DRIVER_JVM, '-cp', classPath(peer), 'peer.Driver', measure, ...settings], {
    cwd: scratch,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      BROKER: broker.address,
      BROKER_PID: String(broker.pid),
      WORK: join(scratch, 'work'),
      OUR_THREADS: String(options.threads),
      PEER_PRICES: join(peer, 'src', 'main', 'resources', 'prices.csv'),
      APP_DIR: scratch,
      APP_CMD: program === 'ours' ? ours.map(quoted).join(' ') : '',
    },
  });
  const ended = once(driver, 'exit');
  const stop = (): void => void (driver.pid !== undefined && process.kill(-driver.pid, 'SIGTERM'));
  for (const signal of STOPPING) process.once(signal, stop);
  let found: PeerRun | null = null;
  for await (const line of createInterface({ input: driver.stdout })) {
    const figures = Figures.parse(JSON.parse(line));
    if (figures.figure !== measure) continue;
    found = { program, measure, at, correct: figures.correct ?? 'not said', figures };
  }
  const [code] = await ended;
  for (const signal of STOPPING) process.off(signal, stop);
  if (found === null || code !== 0)
    throw new Error(`the driver ended with ${code} in ${measure} of ${program}`);
  return found;
}

/** For the shell that the driver starts a program with. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
