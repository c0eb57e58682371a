/**
 * The whole graph in memory under the main job: the proof's own checks hold without faults, with every kind of fault the
 * log can inject, and with processes killed between any two steps.
 */
import { describe, expect, test } from 'vitest';
import { Random } from '../../infra/main-job/random.ts';
import { PROCESSORS } from '../../infra/processors.ts';
import { audit } from '../../infra/proof/audit.ts';
import { countChecks, fateChecks, moneyChecks, replayChecks, rerunChecks } from '../../infra/proof/checks.ts';
import { rerun } from '../../infra/proof/rerun.ts';
import { LIMITS } from '../../topology/limits.ts';
import type { FaultHook } from '../../topology/log-memory-faults.ts';
import { replayTask } from '../../topology/replay.ts';
import {
  drain,
  type MemoryGraph,
  newGraph,
  PARTITIONS,
  runMainJob,
  workersOf,
} from '../support/memory-graph.ts';

const USES = 1_500;

/** The names of the checks that do not hold, with what was found. */
async function violations(graph: MemoryGraph, sent: ReadonlyMap<string, number>): Promise<readonly string[]> {
  const found = await audit(graph);
  const checks = [...countChecks(found), ...fateChecks(found, sent), ...moneyChecks(found)];
  return checks.filter(({ holds }) => !holds).map(({ name, detail }) => `${name}: ${detail}`);
}

describe('without faults', () => {
  test('every check holds, the replay agrees and another interleaving gives the same money', async () => {
    const graph = await newGraph({ seed: 11, uses: USES });
    const sent = await runMainJob(graph, workersOf(graph));
    expect(await violations(graph, new Map(sent.entries()))).toEqual([]);

    const reports = [];
    for (const processor of PROCESSORS) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        reports.push(await replayTask({ ...graph, processor, partition, limits: LIMITS }));
      }
    }
    const second = await rerun({ source: graph, processors: PROCESSORS, seed: 12 });
    const checks = [
      ...replayChecks(reports),
      ...rerunChecks(await audit(graph), await audit({ log: second, directory: graph.directory })),
    ];
    expect(checks.filter(({ holds }) => !holds)).toEqual([]);
    expect(reports.reduce((sum, { steps }) => sum + steps, 0)).toBeGreaterThan(50);
  });
});

/** Each point of the log fails in about one of `oneIn` calls, in a way drawn from `ways`. */
function faultsAt(seed: number, at: string, ways: readonly ReturnType<FaultHook>[]): FaultHook {
  const random = new Random(seed);
  return (point) =>
    point.at === at && random.chance(at === 'open' ? 500 : 150) ? random.pick(ways) : 'none';
}

describe('with faults', () => {
  const cases: readonly (readonly [string, string, readonly ReturnType<FaultHook>[]])[] = [
    ['the broker refuses before anything happened', 'commit', ['fail_before']],
    ['the reply of a commit is lost: it happened', 'commit', ['fail_after']],
    ['the request of a commit is lost: it did not happen', 'commit', ['lose_request']],
    ['a transaction stays open until it is fenced', 'commit', ['stay_open']],
    ['every end of a commit at once', 'commit', ['fail_before', 'fail_after', 'lose_request', 'stay_open']],
    ['fetches come short, empty, late or fail', 'fetch', ['short', 'empty', 'delay', 'fail_before']],
    ['a task cannot be opened at first', 'open', ['fail_before']],
  ];
  test.each(cases)('%s', async (_, at, ways) => {
    let isOn = false;
    const hook = faultsAt(5, at, ways);
    const graph = await newGraph({
      seed: 5,
      uses: USES,
      faults: (point) => (isOn && isOfTask(point) ? hook(point) : 'none'),
    });
    const workers = workersOf(graph);
    isOn = true;
    const sent = await runMainJob(graph, workers, { betweenBatches: () => workSome(graph, workers) });
    isOn = false;
    await drain(graph, workers);
    expect(await violations(graph, new Map(sent.entries()))).toEqual([]);
    if (at !== 'fetch') expect(workers.reduce((sum, { failures }) => sum + failures, 0)).toBeGreaterThan(0);
  });

  test('processes are killed between any two steps', async () => {
    const graph = await newGraph({ seed: 6, uses: USES });
    const workers = workersOf(graph);
    const sent = await runMainJob(graph, workers, {
      async betweenBatches() {
        await workSome(graph, workers);
        graph.random.pick(workers).kill();
      },
    });
    expect(await violations(graph, new Map(sent.entries()))).toEqual([]);
  });

  test('a zombie that comes back commits nothing', async () => {
    const graph = await newGraph({ seed: 7, uses: USES });
    const workers = workersOf(graph);
    const [first] = workers;
    if (first === undefined) throw new Error('there is no worker');
    const zombie = await first.acquire();
    const sent = await runMainJob(graph, workers);
    await zombie.inbox.fill();
    await expect(zombie.step()).rejects.toMatchObject({ kind: 'fenced' });
    await drain(graph, workers);
    expect(await violations(graph, new Map(sent.entries()))).toEqual([]);
  });
});

/** Producers of the test write without faults; only tasks meet them. */
function isOfTask(point: Parameters<FaultHook>[0]): boolean {
  return point.at === 'fetch' || ('transactionalId' in point && !point.transactionalId.startsWith('test-'));
}

async function workSome(graph: MemoryGraph, workers: ReturnType<typeof workersOf>): Promise<void> {
  for (const worker of graph.random.shuffle(workers)) await worker.work();
}
