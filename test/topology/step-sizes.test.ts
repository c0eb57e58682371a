/** A step takes every record of its batch and keeps every key it changed, however many there are. */
import { describe, expect, test } from 'vitest';
import { parseAccountId } from '../../schemas/ids.ts';
import { replayTask } from '../../topology/replay.ts';
import {
  acquire,
  appendValues,
  BENCH_LIMITS,
  drain,
  newBench,
  onlyCell,
  tally,
  use,
  valuesOf,
} from '../support/task-bench.ts';

const SIZES = [1, 100, 101, 250, 1_025] as const;

describe.each(SIZES)('%i accounts in one step', (size) => {
  test('are all answered, all there after a restart, and all in a replay', async () => {
    const bench = await newBench();
    const accounts = Array.from({ length: size }, (_, number) => `acct-${number}`);
    const uses = accounts.map((name) => use({ requestId: `req-${name}`, accountId: parseAccountId(name) }));
    await appendValues(bench, 'usage-events', ...uses);
    expect(await drain(await acquire(bench))).toBe(1);

    const claims = await valuesOf(bench, 'outcome-claims', 'OutcomeClaim');
    expect(claims.map(({ claimId }) => claimId)).toEqual(accounts.map((name) => `${name}-1`));

    const restarted = await acquire(bench);
    const counts = onlyCell(restarted).state.store.tables['counts'];
    expect([...(counts?.keys() ?? [])]).toEqual([...accounts].sort());
    expect(onlyCell(restarted).state.window.size).toBe(size);

    const { log, directory } = bench;
    const replay = await replayTask({ log, directory, processor: tally, partition: 0, limits: BENCH_LIMITS });
    expect(replay).toMatchObject({ difference: null, records: size, outputs: size });
  });
});
