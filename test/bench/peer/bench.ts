/** The options of `npm run bench -- peer` and what comes out, as the other benches have it. */
import { join } from 'node:path';
import { type PeerFigures, peerFigures, peerText } from './report.ts';
import { comparePeer, type Measure, type Program } from './runner.ts';

/** Beside the project, where its yardsticks are kept. */
const DEFAULT_DIR = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'peers');
const WARM_SECONDS = 10;

/** Each program at its best: the peer's own figures say which interval that is for it. */
const COMMIT_MS = {
  throughput: { peer: 100, ours: 100 },
  latency: { peer: 10, ours: 10 },
} as const;

const MEASURES: readonly Measure[] = ['throughput', 'latency'];
const PROGRAMS: readonly Program[] = ['peer', 'ours'];

export interface PeerBenchOptions {
  readonly peerDir?: string;
  readonly isBuilt: boolean;
  readonly runs: number;
  readonly events: number;
  readonly partitions: string;
  readonly rates: string;
  readonly measures: string;
  readonly programs: string;
  readonly seconds: number;
  readonly oursCommitMs?: string;
  readonly nodeOptions?: string;
  readonly tell: (line: string) => void;
}

export interface PeerOutcome {
  readonly figures: readonly PeerFigures[];
  readonly text: string;
  readonly isSound: boolean;
}

export async function peerBench(options: PeerBenchOptions): Promise<PeerOutcome> {
  const { isBuilt, runs, events, seconds, tell } = options;
  const dir = options.peerDir ?? DEFAULT_DIR;
  const ownPace = options.oursCommitMs === undefined ? {} : { ours: Number(options.oursCommitMs) };
  const numbers = (list: string): readonly number[] => list.split(',').map(Number);
  const found = await comparePeer({
    dir,
    isBuilt,
    runs,
    events,
    seconds,
    tell,
    warmSeconds: WARM_SECONDS,
    partitions: numbers(options.partitions),
    rates: numbers(options.rates),
    measures: MEASURES.filter((measure) => options.measures.split(',').includes(measure)),
    programs: PROGRAMS.filter((program) => options.programs.split(',').includes(program)),
    commitMs: {
      throughput: { ...COMMIT_MS.throughput, ...ownPace },
      latency: { ...COMMIT_MS.latency, ...ownPace },
    },
    nodeOptions: options.nodeOptions?.split(' ') ?? [],
  });
  if (found === null) {
    const text = `peer: skipped, because the Kafka Streams program is not at ${dir}; name its folder with --peer-dir\n`;
    return { figures: [], text, isSound: true };
  }
  const figures = peerFigures(found);
  const wrong = found.filter(({ correct }) => correct !== 'yes');
  const faults = wrong.map(
    ({ program, measure, correct }) => `${measure} of ${program} is wrong: ${correct}\n`,
  );
  return { figures, text: `${peerText(figures)}${faults.join('')}`, isSound: wrong.length === 0 };
}
