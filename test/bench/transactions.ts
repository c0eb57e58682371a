/**
 * P5: what a transaction costs over a plain append.
 *
 * The same records, captured from the commits of a rating task, go through the log port both ways, in turns and on one
 * broker; each way has topics of its own, and in the end both must hold the same records. One batch is under way at a
 * time, as a task has it, so milliseconds a commit are those of a round of requests. Both wait for all acknowledgements.
 */
import { createHash } from 'node:crypto';
import { readRecords } from '../../infra/proof/read-topic.ts';
import type { Log, OutgoingRecord, Transactor } from '../../topology/log.ts';
import type { Bench, BenchContext } from './bench.ts';
import { createTopics, startBenchBroker } from './bench-broker.ts';
import { BATCH_TOPICS, capturedBatches } from './captured-batches.ts';
import { MappedLog } from './peer/mapped-log.ts';
import { type Spread, spreadOf, spreadText } from './rounds.ts';
import { tableText } from './table.ts';

const SIZES = [10, 100, 1_000, 4_000];
const WARM_SIZE = 50;
const ROUNDS = 9;
const WARM_ROUNDS = 2;
/** A turn writes about this many records, and at least so many batches. */
const TURN_RECORDS = 20_000;
const TURN_BATCHES_MIN = 10;
const TURN_BATCHES_MAX = 100;
const WAYS = ['transaction', 'append'] as const;
/** Of the commits of a task, for what transactions leave of its throughput. */
const INTERVALS_MS = [100, 20];
const TIMEOUT_MS = 15_000;

type Way = (typeof WAYS)[number];

export interface TransactionsOptions {
  readonly log: Log;
  readonly brokerCpuS: () => number;
  /** Uses a step. */
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly turnRecords: number;
  readonly tell: (line: string) => void;
}

export interface WayCost {
  readonly recordsPerSecond: Spread;
  readonly msPerBatch: Spread;
  readonly brokerCpuMsPerBatch: Spread;
}

export interface TransactionsResult {
  readonly uses: number;
  /** Records of a batch: charges, changed state, what was refused, checkpoint and step. */
  readonly recordsPerBatch: number;
  readonly ways: Readonly<Record<Way, WayCost>>;
  /** Records a second with transactions over those without, of each round. */
  readonly kept: Spread;
  readonly compared: number;
  readonly isEqual: boolean;
}

export const TRANSACTIONS: Bench = {
  names: { transactions: 'P5: the same records with transactions and without, on one embedded broker' },
  async run(context) {
    const results = await onBroker(context);
    return {
      figures: { transactions: results },
      text: transactionsText(results),
      isSound: results.every(({ isEqual }) => isEqual),
    };
  },
};

async function onBroker({ tell }: BenchContext): Promise<readonly TransactionsResult[]> {
  const { stop, ...broker } = await startBenchBroker(tell);
  const common = { ...broker, rounds: ROUNDS, turnRecords: TURN_RECORDS, tell };
  try {
    // A broker that has just started takes several times as long until it is compiled.
    tell('transactions: warming the broker up');
    await transactions({ ...common, sizes: [WARM_SIZE], rounds: 3 * ROUNDS, tell: () => undefined });
    return await transactions({ ...common, sizes: SIZES });
  } finally {
    await stop();
  }
}

export async function transactions(options: TransactionsOptions): Promise<readonly TransactionsResult[]> {
  const results: TransactionsResult[] = [];
  for (const uses of options.sizes) {
    options.tell(`transactions: steps of ${uses} uses`);
    results.push(await ofSize(options, uses));
  }
  return results;
}

async function ofSize(options: TransactionsOptions, uses: number): Promise<TransactionsResult> {
  const { log, rounds, turnRecords } = options;
  const fitting = Math.ceil(turnRecords / uses);
  const batches = await capturedBatches(
    uses,
    Math.min(TURN_BATCHES_MAX, Math.max(TURN_BATCHES_MIN, fitting)),
  );
  const records = batches.reduce((sum, batch) => sum + batch.length, 0);
  const named = { transaction: await namedLog(log, `t${uses}`), append: await namedLog(log, `a${uses}`) };
  const owned = BATCH_TOPICS.map((topic) => ({ topic, partition: 0 }));
  const transactor = await named.transaction.transactor('bench', { timeoutMs: TIMEOUT_MS, owned });
  const turns: Record<Way, Turn[]> = { transaction: [], append: [] };
  for (let round = -WARM_ROUNDS; round < rounds; round += 1) {
    for (const way of round % 2 === 0 ? WAYS : WAYS.toReversed()) {
      const turn = await turnOf(options, batches, { way, log: named[way], transactor });
      if (round >= 0) turns[way].push(turn);
    }
  }
  await transactor.close();
  const cost = (way: Way): WayCost => ({
    recordsPerSecond: spreadOf(turns[way].map(({ seconds }) => records / seconds)),
    msPerBatch: spreadOf(turns[way].map(({ seconds }) => (seconds * 1_000) / batches.length)),
    brokerCpuMsPerBatch: spreadOf(turns[way].map(({ brokerS }) => (brokerS * 1_000) / batches.length)),
  });
  const kept = turns.transaction.map(
    ({ seconds }, round) => (turns.append[round]?.seconds ?? Number.NaN) / seconds,
  );
  const held = { transaction: await contentOf(named.transaction), append: await contentOf(named.append) };
  return {
    uses,
    recordsPerBatch: Math.round(records / batches.length),
    ways: { transaction: cost('transaction'), append: cost('append') },
    kept: spreadOf(kept),
    compared: held.transaction.records,
    isEqual:
      held.transaction.digest === held.append.digest &&
      held.transaction.records === records * (WARM_ROUNDS + rounds),
  };
}

interface Turn {
  readonly seconds: number;
  readonly brokerS: number;
}

async function turnOf(
  { brokerCpuS }: TransactionsOptions,
  batches: readonly (readonly OutgoingRecord[])[],
  side: { readonly way: Way; readonly log: Log; readonly transactor: Transactor },
): Promise<Turn> {
  const before = brokerCpuS();
  const begun = performance.now();
  for (const records of batches) {
    if (side.way === 'append') await side.log.append(records);
    else await side.transactor.commit({ records, groupPositions: null });
  }
  const seconds = (performance.now() - begun) / 1_000;
  return { seconds, brokerS: brokerCpuS() - before };
}

/** The topics of the batches under names of their own. */
async function namedLog(log: Log, prefix: string): Promise<Log> {
  const topics = Object.fromEntries(BATCH_TOPICS.map((topic) => [topic, `${prefix}-${topic}`]));
  const config = { 'message.timestamp.type': 'LogAppendTime' };
  await createTopics(
    log,
    Object.values(topics).map((name) => ({ name, partitions: 1, replicationFactor: 1, config })),
  );
  return new MappedLog(log, { topics, group: prefix });
}

/** All records of all topics, keys, values and headers, in the order of the log. */
async function contentOf(log: Log): Promise<{ readonly records: number; readonly digest: string }> {
  const hash = createHash('sha256');
  let records = 0;
  for (const topic of BATCH_TOPICS) {
    records += await readRecords({ log }, topic, ({ key, value, headers }) => {
      for (const piece of [key, value, ...headers.map(([, bytes]) => bytes)]) {
        hash.update(`${piece?.length ?? -1} `).update(piece ?? '');
      }
    });
  }
  return { records, digest: hash.digest('hex') };
}

/** A task waits for its commit, so what a commit costs more is taken from every interval. */
function taxText({ uses, ways }: TransactionsResult): string {
  const extraMs = ways.transaction.msPerBatch.median - ways.append.msPerBatch.median;
  const kept = INTERVALS_MS.map(
    (ms) => `${Math.min(1, Math.max(0, 1 - extraMs / ms)).toFixed(2)} at ${ms} ms`,
  );
  return `steps of ${uses}: a commit takes ${extraMs.toFixed(1)} ms more; of the throughput it leaves ${kept.join(', ')}\n`;
}

export function transactionsText(results: readonly TransactionsResult[]): string {
  const rows = results.flatMap(({ uses, recordsPerBatch, ways, kept, compared, isEqual }) =>
    WAYS.map((way) => [
      uses,
      recordsPerBatch,
      way,
      spreadText(ways[way].recordsPerSecond, 0),
      spreadText(ways[way].msPerBatch, 2),
      spreadText(ways[way].brokerCpuMsPerBatch, 2),
      way === 'transaction' ? spreadText(kept, 2) : '',
      isEqual ? `${compared} equal` : 'RECORDS DIFFER',
    ]),
  );
  const head = [
    'uses a step',
    'records',
    'way',
    'records/s',
    'ms a batch',
    'broker CPU ms',
    'kept',
    'read back',
  ];
  return (
    tableText(head, rows) +
    results.map(taxText).join('') +
    'one batch under way at a time, the next at once: the wait for markers of the one before is in it;\n' +
    'median of the rounds (lowest to highest)\n' +
    'left out: positions of the group, several tasks at once, replication\n'
  );
}
