/** What the simulation has found, each as the smallest case that shows it. */
import { expect, test } from 'vitest';
import { shareOf } from '../../topology/lock.ts';
import { Task } from '../../topology/task.ts';
import { logWith } from '../support/log-double.ts';
import { acquire, BENCH_LIMITS, newBench, tally } from '../support/task-bench.ts';

test('a task that was overtaken while it read, and whose barrier was compacted away, learns that it was fenced', async () => {
  const bench = await newBench();
  const { log, directory } = bench;
  let isOvertaken = false;
  const overtaken = logWith(log, {
    async reader(options) {
      if (!isOvertaken) {
        isOvertaken = true;
        await acquire(bench);
        log.compact('rating-changelog', 0);
      }
      return log.reader(options);
    },
  });
  const acquiring = Task.acquire({
    log: overtaken,
    directory,
    processor: tally,
    share: shareOf(tally.service, { k: 0, n: 1 }, 1),
    limits: BENCH_LIMITS,
  });
  await expect(acquiring).rejects.toMatchObject({ kind: 'fenced' });
  expect(isOvertaken).toBe(true);
});
