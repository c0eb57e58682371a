/**
 * How long a service with many keys of state is away after SIGKILL: from the kill until a step was committed again.
 *
 * The state is written to the changelog as the service would write it, one record a key. Half of the starts find the
 * local cache, the other half find that it was deleted and read everything back.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { EmbeddedPart } from '../../infra/embedded/part.ts';
import { serviceTopics } from '../../topology/topics.ts';
import { stateRecords } from '../support/packed.ts';
import { accountChanges } from './account-state.ts';
import { type BenchSystem, readings } from './bench-system.ts';

const SERVICE = 'credit-balances';
const CHUNK = 5_000;
const STEP_POLL_MS = 5;
/** The cache is written at most a second after a commit, and the first step covers the whole state. */
const WRITTEN_MS = 4_000;

export interface RecoveryResult {
  readonly keys: number;
  /** With the local cache, and with the cache deleted. */
  readonly cachedMs: readonly number[];
  readonly uncachedMs: readonly number[];
  readonly cacheMiB: number;
  readonly residentMiB: number;
}

export async function recovery(bench: BenchSystem, keys: number, times: number): Promise<RecoveryResult> {
  const { system } = bench;
  const service = system.services.get(SERVICE);
  if (service === undefined) throw new Error(`${SERVICE} is not running`);
  await service.kill('SIGKILL');
  await writeState(bench, keys);
  await service.restart();
  const cachedMs: number[] = [];
  const uncachedMs: number[] = [];
  let cacheMiB = 0;
  for (let time = 0; time < times; time += 1) {
    cachedMs.push(await away(bench, service, async () => undefined));
    cacheMiB = await mebibytesIn(bench.cacheDir);
    uncachedMs.push(await away(bench, service, () => rm(bench.cacheDir, { recursive: true, force: true })));
  }
  return { keys, cachedMs, uncachedMs, cacheMiB, residentMiB: readings(system)[SERVICE]?.rssMiB ?? 0 };
}

async function away(
  bench: BenchSystem,
  service: EmbeddedPart,
  whileDead: () => Promise<void>,
): Promise<number> {
  const before = await steps(bench);
  await bench.tick();
  while ((await steps(bench)) === before) await pause(STEP_POLL_MS);
  await pause(WRITTEN_MS);
  await service.kill('SIGKILL');
  const killedAt = performance.now();
  await whileDead();
  const known = await steps(bench);
  await bench.tick();
  await service.restart();
  while ((await steps(bench)) === known) await pause(STEP_POLL_MS);
  return Math.round(performance.now() - killedAt);
}

async function mebibytesIn(folder: string): Promise<number> {
  const sizes = await Promise.all(
    (await readdir(folder)).map(async (file) => (await stat(join(folder, file))).size),
  );
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1_048_576);
}

async function writeState({ system }: BenchSystem, keys: number): Promise<void> {
  const { log, directory } = system;
  const topic = serviceTopics(SERVICE).changelog;
  const partitions = await log.partitionCount(topic);
  for (let start = 0; start < keys; start += CHUNK) {
    const partition = (start / CHUNK) % partitions;
    const changes = accountChanges(start, Math.min(keys, start + CHUNK));
    await log.append(stateRecords({ topic, partition, directory }, changes));
  }
}

async function steps({ system: { log } }: BenchSystem): Promise<number> {
  const topic = serviceTopics(SERVICE).steps;
  const partitions = await log.partitionCount(topic);
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
  return (await log.bounds(places)).reduce((sum, { end }) => sum + end, 0);
}
