/**
 * P12: what the proof machinery costs, and how fast it is checked.
 *
 * Three ways to take the same batches, in one process and turn by turn: as a task takes them (digest of the outputs,
 * chain, record of the step), without any of it, and with a digest of its inputs on top, which steps do not have. Then
 * the whole graph is sealed and verified. All on a log in memory, so that neither the broker nor the network hides the
 * cost, and in processor time of the one thread, so that other work on the machine does not count.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seal } from '../../infra/cli/commands/seal.ts';
import { verify } from '../../infra/cli/commands/verify.ts';
import { PROCESSORS } from '../../infra/processors.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import { newTaskState } from '../../topology/cell.ts';
import { digestOutputs, NO_DIGEST } from '../../topology/digest.ts';
import type { AnyProcessor } from '../../topology/processor.ts';
import {
  type Batch,
  evaluateStep,
  OpenStep,
  type Progress,
  type StepResult,
  type TaskState,
} from '../../topology/step.ts';
import { fakeContext } from '../infra/cli/cli-support.ts';
import { type MemoryGraph, newGraph, runMainJob, workersOf } from '../support/memory-graph.ts';
import { unpacked } from '../support/packed.ts';
import { recordsOf } from '../support/tampered-log.ts';
import { digestOfInputs } from './input-digest.ts';
import { NOT_DIGESTED } from './not-digested.ts';
import { type Comparison, type ContestResult, contestResult } from './rounds.ts';

const ROUNDS = 5;
const WARM_ROUNDS = 1;
/** Records of a turn, so that it is long enough to be measured: the whole history is taken again and again. */
const TURN_RECORDS = 70_000;
const BATCH_RECORDS = 500;
const SERVICES = ['rating', 'credit-balances', 'cost-attribution'];
const WAYS = ['with the proof', 'without', 'with digests of inputs too'] as const;

type Way = (typeof WAYS)[number];

export interface ProofOptions {
  readonly uses: number;
  readonly turnRecords?: number;
  readonly tell: (line: string) => void;
}

export interface ProofCost extends Comparison {
  /** Records a second of processor time. */
  readonly sealing: Readonly<Record<string, number>>;
  /** Nanoseconds that the proof costs a record, by service. */
  readonly nanoseconds: Readonly<Record<string, number>>;
}

export async function proofCost({
  uses,
  turnRecords = TURN_RECORDS,
  tell,
}: ProofOptions): Promise<ProofCost> {
  tell(`proof: working off ${uses} uses`);
  const graph = await newGraph({ seed: 1, uses });
  await runMainJob(graph, workersOf(graph));
  const contests: ContestResult[] = [];
  let compared = 0;
  let differences = 0;
  for (const processor of PROCESSORS.filter(({ service }) => SERVICES.includes(service))) {
    tell(`proof: taking the batches of ${processor.service}`);
    const batches = await batchesOf(graph, processor);
    contests.push(await contestOf(graph, processor, { batches, turnRecords }));
    compared += batches.length;
    differences += await stepDifferences(graph, processor, batches);
  }
  tell('proof: sealing and verifying');
  const sealing = await speedOfChecks(graph);
  const nanoseconds = Object.fromEntries(contests.map((contest) => [contest.name, nanosecondsOf(contest)]));
  return { contests, compared, differences, sealing, nanoseconds };
}

export function proofText({ sealing, nanoseconds }: ProofCost): string {
  const costs = Object.entries(nanoseconds).map(([service, ns]) => `${service} ${ns} ns`);
  const rates = Object.entries(sealing).map(([name, rate]) => `${name} ${rate}`);
  return (
    `the proof costs a record: ${costs.join(', ')}\n` +
    `records a second of processor time: ${rates.join(', ')}\n` +
    'left out: the bytes of step records on the broker, and the log itself\n'
  );
}

/** A task that takes batches in one of the ways, and the time it took. */
class Runner {
  readonly way: Way;
  readonly #state: TaskState;
  #progress: Progress = { step: 0, digest: NO_DIGEST, streamTime: null };
  seconds = 0;

  constructor(way: Way, state: TaskState) {
    this.way = way;
    this.#state = state;
  }

  take(batch: Batch): void {
    const begun = process.threadCpuUsage();
    if (this.way === 'without') {
      const { progress } = takenWithout(this.#state, this.#progress, batch);
      this.#progress = progress;
    } else {
      if (this.way !== 'with the proof') digestOfInputs(batch);
      const { progress, step } = evaluateStep(this.#state, this.#progress, batch);
      encodeFramed('Step', step, this.#state.directory.idOf('Step'));
      this.#progress = progress;
    }
    const { user, system } = process.threadCpuUsage(begun);
    this.seconds += (user + system) / 1e6;
    this.#state.store.commit();
  }
}

async function batchesOf({ log }: MemoryGraph, processor: AnyProcessor): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  for (const topic of processor.inputs) {
    const all = await recordsOf(log, { topic, partition: 0 });
    for (let start = 0; start < all.length; start += BATCH_RECORDS) {
      const records = all.slice(start, start + BATCH_RECORDS);
      const [first, last] = [records[0]?.offset ?? 0, records.at(-1)?.offset ?? 0];
      batches.push({ slices: [{ topic, from: first, to: last + 1, records }], held: new Set() });
    }
  }
  return batches;
}

async function contestOf(
  graph: MemoryGraph,
  processor: AnyProcessor,
  { batches, turnRecords }: { readonly batches: readonly Batch[]; readonly turnRecords: number },
): Promise<ContestResult> {
  const records = batches.reduce((sum, { slices }) => sum + (slices[0]?.records.length ?? 0), 0);
  const laps = Math.ceil(turnRecords / records);
  const times = WAYS.map((): number[] => []);
  for (let round = -WARM_ROUNDS; round < ROUNDS; round += 1) {
    const spent = WAYS.map(() => 0);
    for (let lap = 0; lap < laps; lap += 1) {
      const runners: Runner[] = [];
      for (const way of WAYS) runners.push(new Runner(way, await stateOf(graph, processor)));
      for (const [index, batch] of batches.entries()) {
        // Whoever comes first warms the caches for the others, so each comes first equally often.
        for (const turn of runners.keys()) runners[(index + lap + turn) % runners.length]?.take(batch);
      }
      for (const [way, { seconds }] of runners.entries()) spent[way] = (spent[way] ?? 0) + seconds;
    }
    if (round < 0) continue;
    for (const [way, seconds] of spent.entries()) times[way]?.push(seconds);
  }
  const sides = WAYS.map((name, way) => ({ name, seconds: times[way] ?? [] }));
  return contestResult({ name: processor.service, operations: records * laps, operation: 'records', sides });
}

function stateOf({ log, directory }: MemoryGraph, processor: AnyProcessor): Promise<TaskState> {
  return newTaskState({ log, directory, processor, partition: 0 });
}

/** Steps whose outputs differ with and without the proof; there must be none. */
async function stepDifferences(
  graph: MemoryGraph,
  processor: AnyProcessor,
  batches: readonly Batch[],
): Promise<number> {
  const [proven, bare] = [await stateOf(graph, processor), await stateOf(graph, processor)];
  let progress: Progress = { step: 0, digest: NO_DIGEST, streamTime: null };
  let bareProgress = progress;
  let differences = 0;
  for (const batch of batches) {
    const step = evaluateStep(proven, progress, batch);
    const plain = takenWithout(bare, bareProgress, batch);
    if (!digestOf(plain).equals(step.step.outputDigest)) differences += 1;
    progress = step.progress;
    bareProgress = plain.progress;
    proven.store.commit();
    bare.store.commit();
  }
  return differences;
}

function takenWithout(state: TaskState, before: Progress, batch: Batch): StepResult {
  const step = new OpenStep(state, before, undefined, NOT_DIGESTED);
  step.take(batch);
  return step.seal();
}

/** Of the outputs as they were packed, in the order in which their headers number them. */
function digestOf({ outputs }: StepResult): Buffer {
  const numbered = unpacked(outputs.packer.packs).map(({ topic, key, value, headers }) => {
    const id = headers.find(([name]) => name === 'ce_id')?.[1].toString() ?? '';
    return { topic, key: key ?? '', value: value ?? NO_DIGEST, index: Number(id.split('/').at(-1)) };
  });
  return digestOutputs(numbered.sort((left, right) => left.index - right.index));
}

function nanosecondsOf({ sides }: ContestResult): number {
  const [proven, bare] = sides.map(({ perCpuSecond }) => 1e9 / perCpuSecond.median);
  return Math.round((proven ?? Number.NaN) - (bare ?? Number.NaN));
}

async function speedOfChecks(graph: MemoryGraph): Promise<ProofCost['sealing']> {
  const stateDir = mkdtempSync(join(tmpdir(), 'outcome-ledger-seal-bench-'));
  try {
    const context = fakeContext({ ...graph, settings: { stateDir } });
    const rates: Record<string, number> = {};
    for (const [name, work] of [
      ['seal', () => seal(context, {})],
      ['verify', () => verify(context, {})],
    ] as const) {
      const begun = process.threadCpuUsage();
      const report = await work();
      const { user, system } = process.threadCpuUsage(begun);
      rates[name] = Math.round(recordCount(report.data) / ((user + system) / 1e6));
    }
    return rates;
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function recordCount(data: unknown): number {
  const { records, seal: report } = JSON.parse(JSON.stringify(data));
  return records ?? report.records;
}
