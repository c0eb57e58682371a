/**
 * What a use is does not depend on how it was sent; and the number of every send reaches an output, whatever became of
 * its record.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Numbering } from '../../infra/main-job/numbering.ts';
import { poison } from '../../infra/main-job/poison.ts';
import { disturbed, generatedUses } from '../../infra/main-job/usage.ts';
import { customers } from '../../infra/main-job/world.ts';
import { encodeBody } from '../../schemas/codec.ts';
import { extentOf } from '../../schemas/extent.ts';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { Publisher } from '../../topology/publisher.ts';
import { digestOfUse, sourceNumberOf } from '../../topology/use-identity.ts';
import { framed } from '../support/hostile-bytes.ts';
import { drain as drainAll, type MemoryGraph, newGraph, workersOf } from '../support/memory-graph.ts';
import { acquire, appendBytes, drain, NOW, newBench, use, valuesOf } from '../support/task-bench.ts';

type Sending = Pick<UsageEvent, 'sourceId' | 'sourceSequence' | 'sentAt'>;

/** The largest number that a record can hold. */
const LONG_MAX = 2 ** 53 - 2;
const EDGES = [0, 1, 63, 64, 8_191, 8_192, 2 ** 31, 2 ** 49, 8e15, LONG_MAX];
const sending: fc.Arbitrary<Sending> = fc.record({
  sourceId: fc.option(fc.stringMatching(/^[!-~]{1,256}$/)),
  sourceSequence: fc.option(
    fc.oneof(
      fc.constantFrom(...EDGES),
      fc.maxSafeNat().map((value) => Math.min(value, LONG_MAX)),
    ),
  ),
  sentAt: fc.option(
    fc
      .oneof(fc.constantFrom(...EDGES.slice(0, -1), -1, -64, -65), fc.integer({ min: -8e12, max: 8e12 }))
      .map(instantOfMillis),
  ),
});

function digestOf(event: UsageEvent, ownBytes = true): string {
  return digestOfUse(event, ownBytes ? extentOf(encodeBody('UsageEvent', event)) : null).toString('hex');
}

describe('the digest of a use', () => {
  test('is the same whoever sends it, under which number, when, and with which schema', () => {
    fc.assert(
      fc.property(sending, fc.boolean(), (sent, backfill) => {
        const plain = digestOf(use({ backfill }));
        expect(digestOf(use({ ...sent, backfill }))).toBe(plain);
        expect(digestOf(use({ ...sent, backfill }), false)).toBe(plain);
      }),
    );
  });

  test('differs when anything else does, in the last fields too', () => {
    const sent = { sourceId: 'svc-1', sourceSequence: 7, sentAt: instantOfMillis(NOW) };
    const changes: readonly Partial<UsageEvent>[] = [
      {},
      { outputTokens: 201 },
      { businessOutcomeId: 'case-1' },
      { routePolicyVersion: 'v4' },
      { backfill: true },
    ];
    const digests = changes.map((change) => digestOf(use({ ...sent, ...change })));
    expect(new Set(digests).size).toBe(changes.length);
  });

  test('does not lean on bytes that are longer than ours', () => {
    const event = use({ sourceId: 'svc-1', sourceSequence: 7 });
    const body = encodeBody('UsageEvent', event);
    // The number 7 as two bytes, which readers of Avro take: backfill and sentAt follow.
    const long = Buffer.concat([body.subarray(0, body.length - 3), Buffer.from([0x8e, 0x00, 0, 0])]);
    expect(digestOfUse(event, extentOf(long)).toString('hex')).toBe(digestOf(event));
  });
});

describe('the number of a send', () => {
  const cases: readonly (readonly [string, Partial<UsageEvent>, object | null])[] = [
    ['of a numbered use', { sourceId: 's', sourceSequence: 1 }, { sourceId: 's', sourceSequence: 1 }],
    ['without a source is none', { sourceSequence: 1 }, null],
    ['of an empty source is none', { sourceId: '', sourceSequence: 1 }, null],
    ['of a source that is too long is none', { sourceId: 's'.repeat(257), sourceSequence: 1 }, null],
    ['without a number is none', { sourceId: 's' }, null],
    ['zero is none', { sourceId: 's', sourceSequence: 0 }, null],
    ['below zero is none', { sourceId: 's', sourceSequence: -1 }, null],
    ['that is not exact is none', { sourceId: 's', sourceSequence: 2 ** 53 }, null],
  ];
  test.each(cases)('%s', (_, change, expected) => {
    expect(sourceNumberOf(use(change))).toEqual(expected);
  });
});

describe('a rejected record', () => {
  const numbered = (sourceSequence: number, change: Partial<UsageEvent> = {}): UsageEvent =>
    use({ sourceId: 'svc-1', sourceSequence, ...change });

  test('carries the number of its source, and a repeat by another instance is a duplicate', async () => {
    const bench = await newBench();
    const bytes = (event: UsageEvent): Buffer =>
      framed(bench.directory.idOf('UsageEvent'), encodeBody('UsageEvent', event));
    const topic = 'usage-events';
    await appendBytes(
      bench,
      { topic },
      bytes(numbered(1)),
      bytes(use({ sourceId: 'svc-2', sourceSequence: 1, sentAt: instantOfMillis(NOW) })),
      bytes(numbered(2, { outputTokens: 201 })),
      bytes(numbered(3, { requestId: 'r-3', kind: 'telepathy' })),
      bytes(numbered(-4, { requestId: 'r-4' })),
      Buffer.concat([bytes(numbered(5)), Buffer.from('x')]),
    );
    await appendBytes(bench, { topic, key: Buffer.from('other') }, bytes(numbered(6)));
    await appendBytes(bench, { topic, key: null }, bytes(numbered(7)), Buffer.from('{}'), null);
    await drain(await acquire(bench));
    const found = (name: 'Refusal' | 'DeadLetter') => valuesOf(bench, 'rating-rejected', name);
    const brief = (values: Awaited<ReturnType<typeof found>>) =>
      values.map(({ code, sourceId, sourceSequence }) => [code, sourceId, sourceSequence]);
    expect(brief(await found('Refusal'))).toEqual([
      ['duplicate', 'svc-2', 1],
      ['conflict', 'svc-1', 2],
      ['invalid_kind', 'svc-1', 3],
      ['negative_count', null, null],
      ['key_mismatch', 'svc-1', 6],
    ]);
    expect(brief(await found('DeadLetter'))).toEqual([
      ['trailing_bytes', null, null],
      ['missing_key', 'svc-1', 7],
      ['missing_key', null, null],
      ['missing_key', null, null],
    ]);
  });
});

test('every send of the main job is numbered on a cost event or a rejected record, without a gap', async () => {
  const graph = await newGraph({ seed: 11, uses: 1_500 });
  const lasts = await publishNumbered(graph);
  await drainAll(graph, workersOf(graph));
  const seen = new Map<string, Set<number>>();
  const see = (values: readonly { sourceId: string | null; sourceSequence: number | null }[]): void => {
    for (const { sourceId, sourceSequence } of values) {
      if (sourceId === null || sourceSequence === null) continue;
      seen.set(sourceId, (seen.get(sourceId) ?? new Set()).add(sourceSequence));
    }
  };
  see(await valuesOf(graph, 'cost-events', 'CostEvent'));
  see(await valuesOf(graph, 'rating-rejected', 'Refusal'));
  see(await valuesOf(graph, 'rating-rejected', 'DeadLetter'));
  expect(Object.keys(lasts).length).toBe(2);
  for (const [sourceId, last] of Object.entries(lasts)) {
    const numbers = [...(seen.get(sourceId) ?? [])].sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  }
  expect(seen.size).toBe(2);
});

/** Uses with repeats, conflicts and refusals, and poison; returns the last number of each instance. */
async function publishNumbered(graph: MemoryGraph): Promise<Readonly<Record<string, number>>> {
  const { log, directory, plan } = graph;
  const source = '/test';
  const publisher = await Publisher.open({
    log,
    directory,
    source,
    transactionalId: 'test',
    transactor: 'per_call',
  });
  const numbering = new Numbering({ anchor: plan.anchor, run: 1, now: () => NOW });
  const items = [...disturbed(plan, generatedUses(plan, customers(plan)))];
  const events = numbering.send(items.map(({ event }) => event));
  await publisher.publish(events.map((value) => ({ topic: 'usage-events', value })));
  await publisher.close();
  const last = numbering.send([{ ...use(), requestId: 'poisoned', sourceId: 'generator-0' }]);
  for (const event of last) {
    const bad = poison(event, directory, await log.partitionCount('usage-events'));
    await log.append(bad.map(({ record }) => record));
  }
  return numbering.lasts();
}
