/**
 * `node test/bench/seal.ts [--uses N]`: what tamper evidence costs, and how fast it is checked.
 *
 * Three ways to take the same batches, in one process and turn by turn: without digests, with the digests that every
 * step has, and with a digest of its inputs on top, which steps do not have. Then a whole graph is sealed and verified.
 * All on a log in memory, so that neither the broker nor the network hides the cost, and in processor time of the one
 * thread, so that other work on the machine does not count.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { seal } from '../../infra/cli/commands/seal.ts';
import { verify } from '../../infra/cli/commands/verify.ts';
import { PROCESSORS } from '../../infra/processors.ts';
import { newTaskState } from '../../topology/cell.ts';
import { NO_DIGEST } from '../../topology/digest.ts';
import type { LogRecord } from '../../topology/log.ts';
import type { AnyProcessor } from '../../topology/processor.ts';
import { type Batch, evaluateStep, type Progress, type TaskState, takeBatch } from '../../topology/step.ts';
import { fakeContext } from '../infra/cli/cli-support.ts';
import { type MemoryGraph, newGraph, runMainJob, workersOf } from '../support/memory-graph.ts';
import { recordsOf } from '../support/tampered-log.ts';

const ROUNDS = 5;
const WARM_ROUNDS = 1;
/** Times a round takes the whole history, so that it is long enough to be measured. */
const LAPS = 6;
const BATCH_RECORDS = 500;
const SERVICES = ['rating', 'credit-balances', 'cost-attribution'];
const WAYS = ['without digests', 'with digests', 'with digests of inputs too'] as const;

type Way = (typeof WAYS)[number];

const { values } = parseArgs({ options: { uses: { type: 'string', default: '12000' } } });

/** A task that takes batches in one of the ways, and the time it took. */
class Runner {
  readonly way: Way;
  readonly #state: TaskState;
  #progress: Progress = { step: 0, digest: NO_DIGEST, streamTime: null };
  ms = 0;

  constructor(way: Way, state: TaskState) {
    this.way = way;
    this.#state = state;
  }

  take(batch: Batch): void {
    const begun = process.threadCpuUsage();
    if (this.way === 'without digests') {
      const { streamTime } = takeBatch(this.#state, this.#progress.streamTime, batch);
      this.#progress = { ...this.#progress, streamTime };
    } else {
      if (this.way !== 'with digests') digestOfInputs(batch);
      this.#progress = evaluateStep(this.#state, this.#progress, batch).progress;
    }
    const { user, system } = process.threadCpuUsage(begun);
    this.ms += (user + system) / 1_000;
    this.#state.store.commit();
  }
}

const gathered = Buffer.allocUnsafeSlow(64 * 1024);

/** As cheap as it can be made: one hash a step, pieces gathered behind their lengths. */
function digestOfInputs({ slices }: Batch): Buffer {
  const hash = createHash('sha256');
  let used = 0;
  for (const { records } of slices) {
    for (const record of records) {
      if (used + sizeOf(record) > gathered.length) {
        hash.update(gathered.subarray(0, used));
        used = 0;
      }
      used = gather(record, used);
    }
  }
  return hash.update(gathered.subarray(0, used)).digest();
}

function sizeOf({ key, value, headers }: LogRecord): number {
  let size = 24 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, bytes] of headers) size += 8 + name.length + bytes.length;
  return size;
}

function gather({ offset, appendedAt, key, value, headers }: LogRecord, start: number): number {
  let at = gathered.writeUIntBE(offset, start, 6);
  at = gathered.writeUIntBE(appendedAt, at, 6);
  at = piece(value, piece(key, at));
  for (const [name, bytes] of headers) {
    at = gathered.writeUInt32BE(name.length, at);
    at = piece(bytes, at + gathered.write(name, at, 'latin1'));
  }
  return at;
}

function piece(bytes: Buffer | null, at: number): number {
  const next = gathered.writeUInt32BE(bytes?.length ?? 0, at);
  return next + (bytes?.copy(gathered, next) ?? 0);
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

async function measure(graph: MemoryGraph, processor: AnyProcessor) {
  const { log, directory } = graph;
  const batches = await batchesOf(graph, processor);
  const records = batches.reduce((sum, { slices }) => sum + (slices[0]?.records.length ?? 0), 0);
  const rates = new Map<Way, number[]>(WAYS.map((way) => [way, []]));
  for (let round = -WARM_ROUNDS; round < ROUNDS; round += 1) {
    const spentMs = new Map<Way, number>(WAYS.map((way) => [way, 0]));
    for (let lap = 0; lap < LAPS; lap += 1) {
      const runners: Runner[] = [];
      for (const way of WAYS) {
        runners.push(new Runner(way, await newTaskState({ log, directory, processor, partition: 0 })));
      }
      for (const [index, batch] of batches.entries()) {
        // Whoever comes first warms the caches for the others, so each comes first equally often.
        for (const turn of runners.keys()) runners[(index + lap + turn) % runners.length]?.take(batch);
      }
      for (const { way, ms } of runners) spentMs.set(way, (spentMs.get(way) ?? 0) + ms);
    }
    if (round < 0) continue;
    for (const [way, ms] of spentMs) rates.get(way)?.push((records * LAPS * 1_000) / ms);
  }
  return { records, rates };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function spread(numbers: readonly number[], digits: number): string {
  const [low, middle, high] = [Math.min(...numbers), median(numbers), Math.max(...numbers)].map((each) =>
    each.toFixed(digits),
  );
  return `${middle} (${low} to ${high})`;
}

/** Of each round, by how much the second way is slower than the first. */
function costs(rates: ReadonlyMap<Way, readonly number[]>, from: Way, to: Way): readonly number[] {
  const slower = rates.get(to) ?? [];
  return (rates.get(from) ?? []).map((rate, round) => (rate / (slower[round] ?? Number.NaN) - 1) * 100);
}

/** What the digests of a record cost, whatever else is done with it. */
function nanoseconds(rates: ReadonlyMap<Way, readonly number[]>): readonly number[] {
  const slower = rates.get('with digests') ?? [];
  return (rates.get('without digests') ?? []).map(
    (rate, round) => 1e9 / (slower[round] ?? Number.NaN) - 1e9 / rate,
  );
}

async function speedOfChecks(graph: MemoryGraph): Promise<readonly string[]> {
  const stateDir = mkdtempSync(join(tmpdir(), 'outcome-ledger-seal-bench-'));
  try {
    const context = fakeContext({ ...graph, settings: { stateDir } });
    const lines: string[] = [];
    for (const [name, work] of [
      ['seal', () => seal(context, {})],
      ['verify', () => verify(context, {})],
    ] as const) {
      const begun = process.threadCpuUsage();
      const report = await work();
      const { user, system } = process.threadCpuUsage(begun);
      const seconds = (user + system) / 1_000_000;
      const records = recordCount(report.data);
      lines.push(
        `${name}: ${records} records in ${seconds.toFixed(2)} s, ${Math.round(records / seconds)} a second`,
      );
    }
    return lines;
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function recordCount(data: unknown): number {
  const { records, seal: report } = JSON.parse(JSON.stringify(data));
  return records ?? report.records;
}

const uses = Number(values.uses);
process.stderr.write(`working off ${uses} uses\n`);
const graph = await newGraph({ seed: 1, uses });
await runMainJob(graph, workersOf(graph));
const rows = new Table({
  head: [
    'service',
    'records',
    'records per CPU second without',
    'with',
    'cost %',
    'ns a record',
    'inputs too: cost %',
  ],
});
for (const processor of PROCESSORS.filter(({ service }) => SERVICES.includes(service))) {
  const { records, rates } = await measure(graph, processor);
  const cost = costs(rates, 'without digests', 'with digests');
  rows.push([
    processor.service,
    records,
    spread(rates.get('without digests') ?? [], 0),
    spread(rates.get('with digests') ?? [], 0),
    spread(cost, 1),
    spread(nanoseconds(rates), 0),
    spread(costs(rates, 'without digests', 'with digests of inputs too'), 1),
  ]);
}
process.stdout.write(`${rows}\nmedian of ${ROUNDS} rounds (lowest to highest)\n`);
for (const line of await speedOfChecks(graph)) process.stdout.write(`${line}\n`);
