/** Waiting until everything is worked off: records count, the markers of transactions do not. */
import { describe, expect, test } from 'vitest';
import { untilDrained } from '../../../infra/main-job/drained.ts';
import { acquire, appendValues, type Bench, drain, newBench, tally, use } from '../../support/task-bench.ts';

async function lagsUntilDrained(bench: Bench, timeoutMs: number): Promise<readonly number[]> {
  const lags: number[] = [];
  await untilDrained({
    log: bench.log,
    processors: [tally],
    timeoutMs,
    onProgress: (lag) => void lags.push(lag),
  });
  return lags;
}

describe('drained', () => {
  test('is what was never fed', async () => {
    expect(await lagsUntilDrained(await newBench(), 10_000)).toEqual([0, 0]);
  });

  test('is not before the first step, and is after it', async () => {
    const bench = await newBench();
    await appendValues(bench, 'usage-events', use(), use({ requestId: 'req-2' }));
    await expect(lagsUntilDrained(bench, 0)).rejects.toThrow('2 records are still waiting to be processed');
    await drain(await acquire(bench));
    expect(await lagsUntilDrained(bench, 10_000)).toEqual([0, 0]);
  });

  test('is a log whose last offsets are markers', async () => {
    const bench = await newBench();
    await appendValues(bench, 'usage-events', use());
    await drain(await acquire(bench));
    for (let turn = 0; turn < 3; turn += 1) {
      const transaction = await bench.log.openTransaction('producer');
      await transaction.write([
        { topic: 'usage-events', partition: 0, key: Buffer.from('a'), value: Buffer.from('b') },
      ]);
      await transaction.abort();
    }
    expect(await lagsUntilDrained(bench, 10_000)).toEqual([0, 0]);
  });

  test('comes while somebody works', async () => {
    const bench = await newBench();
    await appendValues(bench, 'usage-events', use());
    const waiting = lagsUntilDrained(bench, 20_000);
    await drain(await acquire(bench));
    expect((await waiting).slice(-2)).toEqual([0, 0]);
  });
});
