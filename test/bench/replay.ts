/**
 * P11: what it takes to have a state again.
 *
 * `replay`: uses go through the whole system on the embedded stack; then, with the services stopped, every task is
 * replayed from offset 0 and restored from its changelog, one after the other in this process, on the same broker. The
 * replay must give every digest again, and the restored task must stand at the head of the replayed chain.
 * `restore`: so many keys, without a broker, against the rate at which a task books on them in the same run.
 */
import { PROCESSORS } from '../../infra/processors.ts';
import { LIMITS } from '../../topology/limits.ts';
import { shareOf } from '../../topology/lock.ts';
import { replayTask } from '../../topology/replay.ts';
import { Task } from '../../topology/task.ts';
import type { Bench, BenchContext, Outcome } from './bench.ts';
import { type BenchSystem, startBenchSystem } from './bench-system.ts';
import { type AccountsPoint, growthOfAccounts } from './growth-accounts.ts';
import { held, heldSince } from './memory.ts';
import { settled, warmUp } from './settle.ts';
import { count, rounded, tableText } from './table.ts';
import { throughput } from './throughput.ts';

const EVENTS = 100_000;
const RATIO_GOAL = 5;

export const REPLAY: Bench = {
  names: {
    replay: 'P11: every task from offset 0, and from its changelog, against the live rate of the run',
  },
  run: replay,
};

export const RESTORE: Bench = {
  names: { restore: 'P11: --keys keys of state from their changelog, against the live rate of the task' },
  run: restore,
};

export interface Rebuilt {
  readonly service: string;
  /** Inputs of all its tasks. */
  readonly records: number;
  readonly replayS: number;
  readonly restoreS: number;
  readonly keys: number;
  /** Of the restored tasks of this service, all at once. */
  readonly heldMiB: number;
  /** Tasks whose digests did not come out again, or that stand elsewhere after a restore. */
  readonly wrong: number;
}

export interface ReplayResult {
  readonly uses: number;
  readonly livePerSecond: number;
  readonly services: readonly Rebuilt[];
}

async function replay(context: BenchContext): Promise<Outcome> {
  const { tell, settings } = context;
  const bench = await startBenchSystem(tell);
  try {
    const warm = await warmUp(bench, tell);
    const uses = settings.events ?? EVENTS;
    tell(`replay: ${uses} uses through the whole system`);
    const { allServicesPerSecond, lost } = await throughput(bench, uses);
    await settled(bench);
    for (const service of bench.system.services.values()) await service.stop();
    const services: Rebuilt[] = [];
    for (const { service } of PROCESSORS) {
      tell(`replay: ${service} from offset 0, then from its changelog`);
      services.push(await rebuilt(bench.system, service));
    }
    const result = { uses: uses + warm, livePerSecond: allServicesPerSecond, services };
    const isSound = lost === 0 && services.every(({ wrong }) => wrong === 0);
    return { figures: { replay: result }, text: replayText(result), isSound };
  } finally {
    await bench.stop();
  }
}

/** All tasks of a service, both ways. Nobody else may have them. */
export async function rebuilt(
  { log, directory }: Pick<BenchSystem['system'], 'log' | 'directory'>,
  service: string,
): Promise<Rebuilt> {
  const processor = PROCESSORS.find((each) => each.service === service);
  if (processor === undefined) throw new Error(`there is no service ${service}`);
  const partitions = await log.partitionCount('clock-ticks');
  const common = { log, directory, processor, limits: LIMITS };
  let [records, replayS, keys, wrong] = [0, 0, 0, 0];
  const heads: string[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const replaying = performance.now();
    const report = await replayTask({ ...common, partition });
    replayS += (performance.now() - replaying) / 1_000;
    records += report.records;
    if (report.difference !== null) wrong += 1;
    heads.push(report.head);
  }
  const before = held();
  const begun = performance.now();
  const task = await Task.acquire({
    ...common,
    share: shareOf(processor.service, { k: 0, n: 1 }, partitions),
  });
  const restoreS = (performance.now() - begun) / 1_000;
  for (const { state, progress } of task.cells) {
    keys += Object.values(state.store.sizes()).reduce((sum, size) => sum + size, 0);
    if (progress.digest.toString('hex') !== heads[state.partition]) wrong += 1;
  }
  const { heapBytes, outsideBytes } = heldSince(before);
  await task.close();
  const heldMiB = rounded((heapBytes + outsideBytes) / 2 ** 20, 1);
  return {
    service,
    records,
    replayS: rounded(replayS, 2),
    restoreS: rounded(restoreS, 2),
    keys,
    heldMiB,
    wrong,
  };
}

export function replayText({ uses, livePerSecond, services }: ReplayResult): string {
  const sum = (of: (one: Rebuilt) => number): number => services.reduce((total, one) => total + of(one), 0);
  const rows = services.map((one) => [
    one.service,
    count(one.records),
    one.replayS,
    count(one.records / one.replayS),
    count(one.keys),
    one.restoreS,
    one.heldMiB,
    one.wrong === 0 ? 'equal' : `${one.wrong} TASKS DIFFER`,
  ]);
  const head = ['service', 'records', 'replay s', 'records/s', 'keys', 'restore s', 'held MiB', 'digests'];
  const [replayS, restoreS] = [sum(({ replayS: s }) => s), sum(({ restoreS: s }) => s)];
  const slowestS = Math.max(...services.map(({ replayS: s }) => s));
  const [inTurn, atOnce] = [uses / replayS / livePerSecond, uses / slowestS / livePerSecond];
  return (
    tableText(head, rows) +
    `${count(uses)} uses: live ${count(livePerSecond)} a second until all services were done; replayed ` +
    `${inTurn.toFixed(1)} times as fast one service after the other, ${atOnce.toFixed(1)} times by the slowest alone ` +
    `(goal ${RATIO_GOAL}: ${inTurn >= RATIO_GOAL ? 'reached' : 'not reached'})\n` +
    `restore of all tasks ${restoreS.toFixed(2)} s, ${(restoreS / replayS).toFixed(3)} of the replay\n` +
    'embedded broker, all in one thread, services stopped; left out: replay of several tasks at once, ClickHouse\n'
  );
}

async function restore({ settings, tell, progress }: BenchContext): Promise<Outcome> {
  tell(`restore: ${settings.keys} keys of credit-balances, without a broker`);
  const [point] = await growthOfAccounts([settings.keys], progress);
  if (point === undefined) throw new Error('nothing was restored');
  return { figures: { restore: point }, text: restoreText(point), isSound: point.wrong === 0 };
}

export function restoreText(point: AccountsPoint): string {
  const { accounts, restoredPerSecond, chargesPerSecond } = point;
  const rate = restoredPerSecond / chargesPerSecond;
  const verdict = rate >= RATIO_GOAL ? 'reached' : 'not reached';
  return (
    `${count(accounts)} keys in ${(accounts / restoredPerSecond).toFixed(2)} s of processor time: ` +
    `${count(restoredPerSecond)} a second, ${rate.toFixed(1)} times the ${count(chargesPerSecond)} charges a second ` +
    `that the task then booked on them (goal ${RATIO_GOAL}: ${verdict}); ` +
    `${point.heapBytesPerAccount} bytes of heap and ${point.outsideBytesPerAccount} outside a key\n` +
    'left out: reading from a broker, which `recovery` has; several tasks\n'
  );
}
