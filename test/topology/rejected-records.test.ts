/** What the rejected topic says of a record: enough to act on a refusal, and every byte of a dead letter. */
import { describe, expect, test } from 'vitest';
import { instantOfMillis } from '../../schemas/instant.ts';
import { defineProcessor } from '../../topology/processor.ts';
import {
  acquire,
  appendBytes,
  appendValues,
  drain,
  NOW,
  newBench,
  use,
  valuesOf,
} from '../support/task-bench.ts';

describe('a dead letter', () => {
  test.each([1, 1_024, 1_025, 65_537, 400_000])('of %i bytes has all of them', async (size) => {
    const bench = await newBench();
    // Never a zero byte first, which would be a frame.
    const value = Buffer.from(Array.from({ length: size }, (_, at) => 1 + (at % 251)));
    await appendBytes(bench, { topic: 'usage-events' }, value);
    await drain(await acquire(bench));
    const [letter] = await valuesOf(bench, 'rating-rejected', 'DeadLetter');
    expect(letter).toMatchObject({ service: 'rating', code: 'unframed', originTopic: 'usage-events' });
    expect(letter).toMatchObject({ originPartition: 0, originOffset: 0, recordedAt: NOW });
    expect(letter?.value?.equals(value)).toBe(true);
  });
});

describe('a refusal', () => {
  test('of admission names code, field, ids and place, and is final', async () => {
    const bench = await newBench();
    await appendValues(bench, 'usage-events', use(), use({ requestId: 'req-2', inputTokens: -1 }));
    await drain(await acquire(bench));
    expect(await valuesOf(bench, 'rating-rejected', 'Refusal')).toMatchObject([
      {
        service: 'rating',
        code: 'negative_count',
        field: 'inputTokens',
        accountId: 'acme',
        recordId: 'req-2',
        transient: false,
        originTopic: 'usage-events',
        originPartition: 0,
        originOffset: 1,
        recordedAt: NOW,
      },
    ]);
  });

  test('of a rule says that it may be mended by itself, where the table of codes says so', async () => {
    const bench = await newBench();
    const waiting = defineProcessor({
      service: 'rating',
      publishesAdmission: true,
      inputs: ['accounts', 'usage-events', 'clock-ticks'],
      outputs: ['outcome-claims'],
      tables: {},
      decide: (_, input) =>
        input.topic === 'clock-ticks'
          ? [
              {
                topic: 'rejected',
                code: 'price_missing',
                field: 'model',
                message: 'no price',
                accountId: null,
                recordId: null,
              },
            ]
          : [],
      evolve: () => undefined,
    });
    await appendValues(bench, 'clock-ticks', { sequence: 1, time: instantOfMillis(NOW) });
    await drain(await acquire(bench, { processor: waiting }));
    expect(await valuesOf(bench, 'rating-rejected', 'Refusal')).toMatchObject([
      { code: 'price_missing', field: 'model', transient: true, accountId: null },
    ]);
  });
});
