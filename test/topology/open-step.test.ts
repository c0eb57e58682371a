/** Where a step is cut into batches leaves no trace: not in its record, not in what it writes, not in what comes after. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFramed } from '../../schemas/codec.ts';
import { parseAccountId } from '../../schemas/ids.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { newTaskState } from '../../topology/cell.ts';
import { NO_DIGEST } from '../../topology/digest.ts';
import type { LogRecord } from '../../topology/log.ts';
import { type Batch, heldKey, OpenStep, type Progress } from '../../topology/step.ts';
import type { TopicName } from '../../topology/topics.ts';
import { unpacked } from '../support/packed.ts';
import { NOW, newBench, tally, use } from '../support/task-bench.ts';

const directory = new MemorySchemaDirectory();
directory.writerSchema(0);

/** What may lie on usage-events: good ones, repeats, one that cannot be read, one whose schema nobody knows. */
const contents = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ account: fc.nat(3), request: fc.nat(12) }) },
    { weight: 1, arbitrary: fc.constantFrom('unreadable' as const, 'held' as const) },
  ),
  { minLength: 1, maxLength: 30 },
);

function recordOf(
  content: { account: number; request: number } | 'unreadable' | 'held',
  offset: number,
): LogRecord {
  const accountId = parseAccountId(`acct-${typeof content === 'string' ? 0 : content.account}`);
  const value =
    typeof content === 'string'
      ? Buffer.from([content === 'held' ? 0 : 1, 0, 0, 99, 99])
      : encodeFramed(
          'UsageEvent',
          use({ requestId: `req-${content.request}`, accountId }),
          directory.idOf('UsageEvent'),
        );
  const place = { topic: 'usage-events', partition: 0, offset, appendedAt: NOW + offset };
  return { ...place, key: Buffer.from(accountId), value, headers: [] };
}

function batchOf(topic: TopicName, records: readonly LogRecord[]): Batch {
  const [from, to] = [records[0]?.offset ?? 0, (records.at(-1)?.offset ?? -1) + 1];
  const held = records.filter(({ value }) => value?.[0] === 0 && value[3] === 99);
  return {
    slices: [{ topic, from, to, records }],
    held: new Set(held.map(({ offset }) => heldKey(topic, offset))),
  };
}

async function taken(batches: readonly Batch[]) {
  const { log } = await newBench();
  const state = await newTaskState({ log, directory, processor: tally, partition: 0 });
  const before: Progress = { step: 4, digest: NO_DIGEST, streamTime: null };
  const step = new OpenStep(state, before);
  for (const batch of batches) step.take(batch);
  const { step: record, outputs, blocks, counts } = step.seal();
  return { record, written: unpacked(outputs.packer.packs), blocks, counts, changes: state.store.changes() };
}

test('a step that took several batches is the step that took them as one', async () => {
  await fc.assert(
    fc.asyncProperty(contents, fc.array(fc.nat(30), { maxLength: 6 }), async (given, cuts) => {
      const records = given.map(recordOf);
      const ends = [...new Set([...cuts.map((cut) => cut % records.length), records.length])]
        .filter((end) => end > 0)
        .sort((a, b) => a - b);
      const pieces = ends.map((end, index) => records.slice(ends[index - 1] ?? 0, end));
      const whole = await taken([batchOf('usage-events', records)]);
      expect(await taken(pieces.map((piece) => batchOf('usage-events', piece)))).toEqual(whole);
      expect(whole.record.ranges).toEqual([{ topic: 'usage-events', from: 0, to: records.length }]);
    }),
    { numRuns: 100 },
  );
});
