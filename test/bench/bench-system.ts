/**
 * What every benchmark stands on: the whole system in a folder of its own, ten thousand accounts, and memory readings.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstTick } from '../../infra/main-job/clock.ts';
import { anchorAt } from '../../infra/main-job/job-file.ts';
import {
  type Customer,
  customers,
  type JobPlan,
  outcomeDefinitions,
  priceBooks,
} from '../../infra/main-job/world.ts';
import { ALL_SERVICES, cacheDirOf, type System, startSystem } from '../../infra/system.ts';
import { Publisher } from '../../topology/publisher.ts';

const ACCOUNTS = 10_000;
const CHUNK = 2_000;
const MACHINE_STAT = '/proc/stat';

export interface BenchSystem {
  readonly system: System;
  readonly publisher: Publisher;
  readonly plan: JobPlan;
  readonly customers: readonly Customer[];
  readonly cacheDir: string;
  /** One more clock tick, of the same time: every task that reads the clock has a step to take. */
  tick(): Promise<void>;
  stop(): Promise<void>;
}

export async function startBenchSystem(
  tell: (line: string) => void,
  services = ALL_SERVICES,
): Promise<BenchSystem> {
  const stateDir = await mkdtemp(join(tmpdir(), 'outcome-ledger-bench-'));
  const env = process.env;
  const system = await startSystem({
    stateDir,
    env,
    partitions: 4,
    replicationFactor: 1,
    services,
    onProgress: tell,
    longLived: true,
  });
  const plan = { seed: 1, accounts: ACCOUNTS, usageEvents: 1, anchor: anchorAt(Date.now()) };
  const people = customers(plan);
  const publisher = await Publisher.open({
    log: system.log,
    directory: system.directory,
    source: '/outcome-ledger/bench',
    transactionalId: 'ticker',
    transactor: 'per_call',
  });
  await publisher.publishCopies(priceBooks(plan, 2).map((value) => ({ topic: 'price-books', value })));
  await publisher.publishCopies(
    outcomeDefinitions(plan).map((value) => ({ topic: 'outcome-definitions', value })),
  );
  for (let start = 0; start < people.length; start += CHUNK) {
    const some = people.slice(start, start + CHUNK);
    await publisher.publish(some.map(({ account: value }) => ({ topic: 'accounts', value })));
    await publisher.publish(some.map(({ contract: value }) => ({ topic: 'contracts', value })));
  }
  let ticks = 0;
  const tick = async (): Promise<void> => {
    ticks += 1;
    const value = { sequence: ticks, time: firstTick(plan.anchor) };
    await publisher.publishCopies([{ topic: 'clock-ticks', value }]);
  };
  await tick();
  return {
    system,
    publisher,
    plan,
    customers: people,
    cacheDir: cacheDirOf(stateDir),
    tick,
    async stop() {
      await publisher.close();
      await system.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** Resident memory in MiB and CPU seconds so far, of each service and of the embedded servers. */
export function readings(
  system: System,
): Readonly<Record<string, { readonly rssMiB: number; readonly cpuS: number }>> {
  const parts = [...system.services, ...Object.entries(system.stack.parts)];
  const found = parts.flatMap(([name, { pid }]) => (pid === null ? [] : [[name, readingOf(pid)] as const]));
  return Object.fromEntries(found);
}

const CLOCK_TICKS_PER_SECOND = 100;

function readingOf(pid: number): { readonly rssMiB: number; readonly cpuS: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  return { rssMiB: Math.round(kib / 1024), cpuS: cpuSecondsOf(pid) };
}

/** Of all threads of a process, so far. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(stat[11] ?? 0) + Number(stat[12] ?? 0)) / CLOCK_TICKS_PER_SECOND;
}

/** CPU seconds of everything on this machine so far, and those that its host took away; null where nobody counts them. */
export function machineCpuSeconds(): { readonly used: number; readonly stolen: number } | null {
  if (!existsSync(MACHINE_STAT)) return null;
  const line = readFileSync(MACHINE_STAT, 'utf8').split('\n', 1)[0] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const used = (user + nice + system + irq + softirq) / CLOCK_TICKS_PER_SECOND;
  return { used, stolen: steal / CLOCK_TICKS_PER_SECOND };
}
