/**
 * R7, R8 and R17: what a task holds in memory, what a new owner restores from the changelog, and what a replay of all steps
 * from offset 0 leads to are one and the same state, and the replay writes the same bytes.
 */
import { PROCESSORS } from '../../infra/processors.ts';
import { encodeBody } from '../../schemas/codec.ts';
import { LIMITS } from '../../topology/limits.ts';
import { shareOf } from '../../topology/lock.ts';
import type { AnyProcessor } from '../../topology/processor.ts';
import { replayTask } from '../../topology/replay.ts';
import { Task } from '../../topology/task.ts';
import { serviceTopics } from '../../topology/topics.ts';
import { readValues } from './audit/read.ts';
import { PARTITIONS, type Run } from './run.ts';

type Tables = Parameters<AnyProcessor['decide']>[0];

export async function checkState(
  run: Run,
  report: (invariant: string, message: string) => void,
): Promise<void> {
  for (const processor of PROCESSORS) {
    await checkStreamTime(run, processor, report);
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const name = `${processor.service}-${partition}`;
      const limits = { ...LIMITS, fetchWaitMs: 0, schemaAttemptsMax: 1 };
      const { log, directory } = run;
      const share = shareOf(processor.service, { k: partition, n: PARTITIONS }, PARTITIONS);
      const task = await Task.acquire({ log, directory, processor, share, limits });
      await task.close();
      const [restored] = task.cells;
      if (restored === undefined) throw new Error(`${name} was restored without a cell`);
      const { step, digest } = restored.progress;
      const replayed = await replayedTables({ log, directory, processor, partition, limits });
      if (replayed.difference !== null) report('R7', `replay of ${name}: ${replayed.difference}`);
      if (replayed.head !== digest.toString('hex')) report('R7', `replay of ${name} ends elsewhere`);
      const truth = stateOf(processor, replayed.tables);
      const ofProcessor = run.lives.filter(({ role }) => role.processor === processor);
      const memory = ofProcessor
        .flatMap(({ task: live }) => live?.cells ?? [])
        .find((cell) => cell.state.partition === partition && cell.progress.step === step);
      if (memory === undefined) report('R8', `${name}: nobody stands where the changelog does`);
      else
        compare(`${name} in memory`, truth, {
          found: stateOf(processor, memory.state.store.tables),
          report,
        });
      compare(`${name} restored`, truth, { found: stateOf(processor, restored.state.store.tables), report });
    }
  }
}

/** R17: however late, doubled or out of order ticks come, and whatever the broker's clock does, time never goes back. */
async function checkStreamTime(
  run: Run,
  { service }: AnyProcessor,
  report: (invariant: string, message: string) => void,
): Promise<void> {
  const latest = new Map<number, number>();
  for (const { partition, step, streamTime } of await readValues(run, serviceTopics(service).steps, 'Step')) {
    const [before, now] = [latest.get(partition) ?? 0, streamTime ?? 0];
    if (now < before) report('R17', `${service}-${partition}: stream time goes back in step ${step}`);
    latest.set(partition, now);
  }
}

/** Replays with a processor that lets us see its tables. */
async function replayedTables(options: Parameters<typeof replayTask>[0]) {
  let tables: Tables = {};
  const { processor } = options;
  const seen: AnyProcessor = {
    ...processor,
    decide(given, input) {
      tables = given;
      return processor.decide(given, input);
    },
  };
  const { difference, head } = await replayTask({ ...options, processor: seen });
  return { difference, head, tables };
}

function stateOf(processor: AnyProcessor, tables: Tables): ReadonlyMap<string, string> {
  const state = new Map<string, string>();
  for (const [name, { record }] of Object.entries(processor.tables)) {
    const table = tables[name];
    for (const key of table?.keys() ?? []) {
      const value = table?.get(key);
      if (value !== undefined) state.set(`${name}/${key}`, encodeBody(record, value).toString('latin1'));
    }
  }
  return state;
}

function compare(
  name: string,
  truth: ReadonlyMap<string, string>,
  other: {
    readonly found: ReadonlyMap<string, string>;
    readonly report: (invariant: string, message: string) => void;
  },
): void {
  for (const key of new Set([...truth.keys(), ...other.found.keys()])) {
    if (truth.get(key) === other.found.get(key)) continue;
    other.report('R8', `${name}: ${key} is not what the committed steps lead to`);
  }
}
