/** The benches that set ours beside a plain way of doing the same work, and run in a minute or less each. */
import type { Bench, BenchContext } from './bench.ts';
import { codec } from './codec.ts';
import { kernel } from './kernel.ts';
import { money } from './money.ts';
import { proofCost, proofText } from './proof.ts';
import { recordBatch } from './record-batch.ts';
import { type Comparison, comparisonText } from './rounds.ts';
import { sinkRows } from './sink.ts';

export interface ComparedBench {
  readonly name: string;
  readonly about: string;
  readonly compare: (context: BenchContext) => Promise<Comparison>;
}

export const COMPARED: readonly ComparedBench[] = [
  {
    name: 'kernel',
    about: 'P1: a use from its bytes to the bytes of its charge, against a plain program',
    compare: ({ progress }) => kernel(progress),
  },
  {
    name: 'money',
    about: 'P2: price times tokens, against decimal.js',
    compare: ({ progress }) => money(progress),
  },
  {
    name: 'codec',
    about: 'P3: records to bytes and back, against avsc and JSON',
    compare: ({ progress }) => codec(progress),
  },
  {
    name: 'record-batch',
    about: 'P4: record batches, against the encoder inside kafkajs',
    compare: ({ progress }) => recordBatch(progress),
  },
  {
    name: 'sink',
    about: 'P9: rows into ClickHouse, against JSONEachRow',
    compare: ({ progress }) => sinkRows(progress),
  },
];

export function benchOf({ name, about, compare }: ComparedBench): Bench {
  return {
    names: { [name]: about },
    async run(context) {
      context.tell(name);
      const comparison = await compare(context);
      return {
        figures: { [name]: comparison },
        text: comparisonText(comparison),
        isSound: comparison.differences === 0,
      };
    },
  };
}

const PROOF_ABOUT = 'P12: steps with and without digests, chain and step records; seal and verify';

export const PROOF: Bench = {
  names: { proof: PROOF_ABOUT },
  async run({ settings, tell }) {
    const cost = await proofCost({ uses: settings.uses, tell });
    return {
      figures: { proof: cost },
      text: `${comparisonText(cost)}${proofText(cost)}`,
      isSound: cost.differences === 0,
    };
  },
};

/** What `check` runs: all that compares two sides in one process. */
export const CHEAP: readonly ComparedBench[] = [
  ...COMPARED,
  {
    name: 'proof',
    about: PROOF_ABOUT,
    compare: ({ settings, tell }) => proofCost({ uses: settings.uses, tell }),
  },
];
