/** Local caches for tests of tasks: a folder that goes away, what was told about it, and what a task holds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { onTestFinished } from 'vitest';
import { parseAccountId } from '../../schemas/ids.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { type AnyProcessor, defineProcessor, table } from '../../topology/processor.ts';
import { CACHE_LIMITS, type CacheLimits } from '../../topology/state-cache.ts';
import { type CacheEvent, StateCaches } from '../../topology/state-cache-folder.ts';
import type { Task } from '../../topology/task.ts';
import { onlyCell } from './task-bench.ts';

export interface CacheBench {
  readonly dir: string;
  /** The file of rating on partition 0. */
  readonly file: string;
  readonly caches: StateCaches;
  readonly events: CacheEvent[];
  /** What was told since it was last asked, in short. */
  told(): readonly string[];
}

/** Every commit becomes a block of its own unless the limits say otherwise. */
export async function newCaches(limits: Partial<CacheLimits> = {}, within?: string): Promise<CacheBench> {
  const dir = within ?? (await temporaryFolder());
  const events: CacheEvent[] = [];
  const caches = new StateCaches({
    dir,
    report: (event) => events.push(event),
    limits: { ...CACHE_LIMITS, blockBytes: 0, ...limits },
  });
  const told = (): readonly string[] =>
    events.splice(0).map(({ kind, reason }) => (reason === undefined ? kind : `${kind} ${reason}`));
  return { dir, file: join(dir, 'rating-0.cache'), caches, events, told };
}

export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'outcome-ledger-cache-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/**
 * Keeps what came last of each account in one table and when it is to be forgotten in another; a clock tick forgets what is
 * due. So there are values that change, keys that are deleted, and timers.
 */
export const forgetful: AnyProcessor = defineProcessor({
  service: 'rating',
  publishesAdmission: true,
  inputs: ['accounts', 'usage-events', 'clock-ticks'],
  outputs: ['outcome-claims'],
  tables: { counts: table('ClockTick'), timers: table('ClockTick', ({ time }) => time) },
  decide(tables, input) {
    if (input.topic !== 'clock-ticks' || input.streamTime === null) return [];
    return tables.timers.due(input.streamTime).map((accountId) => ({
      topic: 'outcome-claims',
      key: accountId,
      value: {
        claimId: `${accountId}-${tables.counts.get(accountId)?.sequence ?? 0}`,
        accountId: parseAccountId(accountId),
        outcomeType: 'forgotten',
        caseId: accountId,
        traceId: null,
        projectId: null,
        costCentre: 'none',
        claimedAt: input.recordedAt,
      },
    }));
  },
  evolve(tables, fact) {
    if (fact.topic === 'usage-events') {
      const { projectId, inputTokens } = fact.value;
      const key = projectId ?? 'none';
      const sequence = (tables.counts.get(key)?.sequence ?? 0) + 1;
      tables.counts.set(key, { sequence, time: fact.recordedAt });
      tables.timers.set(key, { sequence, time: instantOfMillis(fact.recordedAt + inputTokens) });
    } else if (fact.topic === 'outcome-claims') {
      tables.counts.delete(fact.key);
      tables.timers.delete(fact.key);
    }
  },
});

/** All that a task knows, as text: tables, window of ids, place in the chain. */
export function contentOf(task: Task): string {
  const { state, progress } = onlyCell(task);
  const tables = Object.entries(state.store.tables).map(([name, values]) => [
    name,
    [...values.keys()].map((key) => [key, values.get(key)]),
  ]);
  const content = { tables, ids: state.window.size, progress, positions: task.inbox.positions(0) };
  return inspect(content, { depth: null, maxArrayLength: null, maxStringLength: null });
}
