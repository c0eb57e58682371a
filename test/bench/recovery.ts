/**
 * How long a service with many keys of state is away after SIGKILL: from the kill until a step was committed again.
 *
 * The state is written to the changelog as the service would write it, one record a key; the service has no other copy
 * of it, so every start reads all of it back.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { stateRecords } from '../../topology/changelog.ts';
import { serviceTopics } from '../../topology/topics.ts';
import { accountChanges } from './account-state.ts';
import { type BenchSystem, readings } from './bench-system.ts';

const SERVICE = 'credit-balances';
const CHUNK = 5_000;
const STEP_POLL_MS = 5;

export interface RecoveryResult {
  readonly keys: number;
  readonly awayMs: readonly number[];
  readonly residentMiB: number;
}

export async function recovery(bench: BenchSystem, keys: number, times: number): Promise<RecoveryResult> {
  const { system } = bench;
  const service = system.services.get(SERVICE);
  if (service === undefined) throw new Error(`${SERVICE} is not running`);
  await service.kill('SIGKILL');
  await writeState(bench, keys);
  await service.restart();
  const awayMs: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const before = await steps(bench);
    await bench.tick();
    while ((await steps(bench)) === before) await pause(STEP_POLL_MS);
    await service.kill('SIGKILL');
    const killedAt = performance.now();
    const known = await steps(bench);
    await bench.tick();
    await service.restart();
    while ((await steps(bench)) === known) await pause(STEP_POLL_MS);
    awayMs.push(Math.round(performance.now() - killedAt));
  }
  return { keys, awayMs, residentMiB: readings(system)[SERVICE]?.rssMiB ?? 0 };
}

async function writeState({ system }: BenchSystem, keys: number): Promise<void> {
  const { log, directory } = system;
  const topic = serviceTopics(SERVICE).changelog;
  const partitions = await log.partitionCount(topic);
  for (let start = 0; start < keys; start += CHUNK) {
    const partition = (start / CHUNK) % partitions;
    const changes = accountChanges(start, Math.min(keys, start + CHUNK));
    await log.append(stateRecords({ topic, partition, directory }, changes, []));
  }
}

async function steps({ system: { log } }: BenchSystem): Promise<number> {
  const topic = serviceTopics(SERVICE).steps;
  const partitions = await log.partitionCount(topic);
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
  return (await log.bounds(places)).reduce((sum, { end }) => sum + end, 0);
}
