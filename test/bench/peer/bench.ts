/** `npm run bench -- peer`: its settings, and what comes out as the other benches have it. */
import { join } from 'node:path';
import type { Bench, BenchContext, Outcome } from '../bench.ts';
import { peerFigures, peerText } from './report.ts';
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

const PARTITIONS = [1, 4];
const EVENTS = 1_000_000;
const RATES = [1_000, 5_000];

export const PEER: Bench = {
  names: { peer: 'Kafka Streams and our runtime, doing the same work on one broker' },
  run: peer,
};

async function peer({ settings, tell }: BenchContext): Promise<Outcome> {
  const { runs, seconds } = settings;
  const dir = settings.peerDir ?? DEFAULT_DIR;
  const ownPace = settings.oursCommitMs === null ? {} : { ours: Number(settings.oursCommitMs) };
  const found = await comparePeer({
    dir,
    isBuilt: process.env['NO_BUILD'] === '1',
    runs,
    events: settings.events ?? EVENTS,
    seconds,
    tell,
    warmSeconds: WARM_SECONDS,
    partitions: settings.partitions ?? PARTITIONS,
    rates: settings.rates ?? RATES,
    measures: MEASURES.filter((measure) => settings.measures.split(',').includes(measure)),
    programs: PROGRAMS.filter((program) => settings.programs.split(',').includes(program)),
    commitMs: {
      throughput: { ...COMMIT_MS.throughput, ...ownPace },
      latency: { ...COMMIT_MS.latency, ...ownPace },
    },
    threads: settings.oursThreads,
    nodeOptions: settings.nodeOptions?.split(' ') ?? [],
  });
  if (found === null) {
    const text = `peer: skipped, because the Kafka Streams program is not at ${dir}; name its folder with --peer-dir\n`;
    return { figures: { peer: [] }, text, isSound: true };
  }
  const figures = peerFigures(found);
  const wrong = found.filter(({ correct }) => correct !== 'yes');
  const faults = wrong.map(
    ({ program, measure, correct }) => `${measure} of ${program} is wrong: ${correct}\n`,
  );
  return {
    figures: { peer: figures },
    text: `${peerText(figures)}${faults.join('')}`,
    isSound: wrong.length === 0,
  };
}
