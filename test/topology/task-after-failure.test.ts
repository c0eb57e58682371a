/**
 * After a commit that did not succeed nothing is ever built on what the task had in memory (KAFKA-20685's class of bug): it
 * commits nothing more, and the next owner stands where the log does.
 */
import { expect, test } from 'vitest';
import { parseAccountId } from '../../schemas/ids.ts';
import type { Fault } from '../../topology/log-memory-faults.ts';
import { acquire, appendValues, drain, newBench, onlyCell, use, valuesOf } from '../support/task-bench.ts';

const FAULTS: readonly Fault[] = ['fail_before', 'lose_request', 'stay_open', 'fail_after'];

test.each(FAULTS)(
  'a commit that ends with %s is the last of its task, and the next owner has what the log has',
  async (way) => {
    let fault: Fault = 'none';
    const bench = await newBench({ faults: ({ at }) => (at === 'commit' ? fault : 'none') });
    await appendValues(bench, 'usage-events', use());
    const task = await acquire(bench);
    await drain(task);
    const before = sizesOf(task);
    expect(before).toEqual({ counts: 1 });

    await appendValues(bench, 'usage-events', use({ requestId: 'req-2', accountId: parseAccountId('beta') }));
    await task.inbox.fill();
    fault = way;
    await expect(task.step()).rejects.toMatchObject({ name: 'LogError' });
    fault = 'none';

    await appendValues(bench, 'usage-events', use({ requestId: 'req-3', accountId: parseAccountId('beta') }));
    await task.inbox.fill();
    await expect(task.step()).rejects.toMatchObject({ code: 'TRANSACTOR_SPENT' });

    const next = await acquire(bench);
    expect(sizesOf(next)).toEqual(way === 'fail_after' ? { counts: 2 } : before);
    await drain(next);
    expect(sizesOf(next)).toEqual({ counts: 2 });
    expect((await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).map(({ claimId }) => claimId)).toEqual([
      'acme-1',
      'beta-1',
      'beta-2',
    ]);
  },
);

function sizesOf(task: Parameters<typeof onlyCell>[0]): Readonly<Record<string, number>> {
  return onlyCell(task).state.store.sizes();
}
