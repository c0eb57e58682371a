/** What a task shows in memory after a commit that did not succeed: nothing of the step (KAFKA-20685's class of bug). */
import { expect, test } from 'vitest';
import { parseAccountId } from '../../schemas/ids.ts';
import type { Fault } from '../../topology/log-memory-faults.ts';
import { acquire, appendValues, drain, newBench, use, valuesOf } from '../support/task-bench.ts';

const FAULTS: readonly Fault[] = ['fail_before', 'lose_request', 'stay_open', 'fail_after'];

test.each(FAULTS)(
  'a commit that ends with %s leaves state, chain and stream time as they were',
  async (way) => {
    let fault: Fault = 'none';
    const bench = await newBench({ faults: ({ at }) => (at === 'commit' ? fault : 'none') });
    await appendValues(bench, 'usage-events', use());
    const task = await acquire(bench);
    await drain(task);
    const before = { sizes: task.state.store.sizes(), progress: task.progress };
    expect(before.sizes).toEqual({ counts: 1 });

    await appendValues(bench, 'usage-events', use({ requestId: 'req-2', accountId: parseAccountId('beta') }));
    await task.inbox.fill();
    fault = way;
    await expect(task.step()).rejects.toMatchObject({ name: 'LogError' });
    fault = 'none';
    expect({ sizes: task.state.store.sizes(), progress: task.progress }).toEqual(before);

    const next = await acquire(bench);
    await drain(next);
    expect(next.state.store.sizes()).toEqual({ counts: 2 });
    expect((await valuesOf(bench, 'outcome-claims', 'OutcomeClaim')).map(({ claimId }) => claimId)).toEqual([
      'acme-1',
      'beta-1',
    ]);
  },
);
