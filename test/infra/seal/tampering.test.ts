/**
 * Every way to change a sealed log, on every kind of topic: all are found, named, and put at their step and offset.
 */
import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readValues } from '../../../infra/proof/read-topic.ts';
import type { FaultKind } from '../../../infra/seal/fault.ts';
import { originOf } from '../../../infra/seal/origin.ts';
import { isCompacted, sealedTopics, stepsTopicService, writerOf } from '../../../infra/seal/sealed-topics.ts';
import type { Step } from '../../../schemas/generated/step.ts';
import type { LogRecord } from '../../../topology/log.ts';
import { type MemoryGraph, PARTITIONS } from '../../support/memory-graph.ts';
import { recordsOf, rewritten } from '../../support/tampered-log.ts';
import { faultsOf, newStateDir, sealed, verified, workedGraph } from './sealed-graph.ts';

const TOPICS = [
  'usage-events',
  'accounts',
  'clock-ticks',
  'charges',
  'journal',
  'balances',
  'invoices',
  'rating-rejected',
  'rating-steps',
  'credit-balances-steps',
] as const;

interface Partition {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly LogRecord[];
}

let graph: MemoryGraph;
let stateDir: string;
const partitions: Partition[] = [];
const steps = new Map<string, { readonly step: Step; readonly offset: number }[]>();

beforeAll(async () => {
  graph = await workedGraph(60);
  stateDir = newStateDir();
  await sealed({ graph, stateDir });
  for (const topic of sealedTopics()) {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      partitions.push({ topic, partition, records: await recordsOf(graph.log, { topic, partition }) });
    }
    const service = stepsTopicService(topic);
    if (service === null) continue;
    await readValues(graph, { topic, record: 'Step' }, (step, { partition, offset }) => {
      const key = `${service}/${partition}`;
      if (step !== null) steps.set(key, [...(steps.get(key) ?? []), { step, offset }]);
    });
  }
});
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));

/** The partition of a topic with the most records. */
function fullest(topic: string): Partition {
  const [found] = partitions
    .filter((each) => each.topic === topic)
    .sort((a, b) => b.records.length - a.records.length);
  if (found === undefined || found.records.length < 3) throw new Error(`${topic} has too few records`);
  return found;
}

/** The step that wrote a record, or one of those that took it, by the honest log. */
function isStepOf(record: LogRecord, service: string, number: number): boolean {
  const { topic, partition, offset } = record;
  const chain = steps.get(`${service}/${partition}`) ?? [];
  const found = chain.find(({ step }) => step.step === number);
  if (found === undefined) return false;
  const stepsOf = stepsTopicService(topic);
  if (stepsOf !== null) return stepsOf === service && found.offset === offset;
  const writer = writerOf(topic);
  if (writer !== null) return writer === service && originOf(record, writer)?.step === number;
  return found.step.ranges.some(
    (range) => range.topic === topic && range.from <= offset && offset < range.to,
  );
}

interface Rewriting {
  readonly kind: FaultKind;
  /** What comes of the records; `at` is the place of the one that is picked. */
  readonly change: (records: readonly LogRecord[], at: number) => readonly LogRecord[];
  /** Place of the first record that is wrong, in the honest records. */
  readonly wrong?: (at: number) => number;
  readonly end?: (records: readonly LogRecord[], at: number) => number;
}

function pick(records: readonly LogRecord[], at: number): LogRecord {
  const record = records[at];
  if (record === undefined) throw new Error(`there is no record ${at}`);
  return record;
}

function flipped(bytes: Buffer | null, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes ?? '');
  copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  return copy;
}

function changed(
  records: readonly LogRecord[],
  at: number,
  change: Partial<LogRecord>,
): readonly LogRecord[] {
  return records.with(at, { ...pick(records, at), ...change });
}

const REWRITINGS: Readonly<Record<string, Rewriting>> = {
  'one bit of the value': {
    kind: 'altered',
    change: (records, at) => changed(records, at, { value: flipped(pick(records, at).value, 7, 3) }),
  },
  'one bit of the schema id': {
    kind: 'altered',
    change: (records, at) => changed(records, at, { value: flipped(pick(records, at).value, 4, 0) }),
  },
  'another key': {
    kind: 'altered',
    change: (records, at) => changed(records, at, { key: Buffer.from('somebody') }),
  },
  'a header more': {
    kind: 'altered',
    change: (records, at) =>
      changed(records, at, { headers: [...pick(records, at).headers, ['x', Buffer.alloc(0)]] }),
  },
  'no headers': {
    kind: 'altered',
    change: (records, at) => changed(records, at, { headers: [['none', Buffer.alloc(0)]] }),
  },
  'back-dated by a month': {
    kind: 'back_dated',
    change: (records, at) =>
      changed(records, at, { appendedAt: pick(records, at).appendedAt - 30 * 86_400_000 }),
  },
  'back-dated by a millisecond': {
    kind: 'back_dated',
    change: (records, at) => changed(records, at, { appendedAt: pick(records, at).appendedAt - 1 }),
  },
  dropped: { kind: 'dropped', change: (records, at) => records.toSpliced(at, 1) },
  'dropped, the rest moved up': {
    kind: 'dropped',
    change: (records, at) =>
      records.toSpliced(at, 1).map((record, index) => ({ ...record, offset: pick(records, index).offset })),
  },
  'exchanged with the next': {
    kind: 'reordered',
    change: (records, at) => {
      const [one, two] = [pick(records, at), pick(records, at + 1)];
      const swapped = records.with(at, { ...two, offset: one.offset, appendedAt: one.appendedAt });
      return swapped.with(at + 1, { ...one, offset: two.offset, appendedAt: two.appendedAt });
    },
  },
  'a forged one behind it, the rest moved down': {
    kind: 'inserted',
    change: (records, at) => {
      const forged = { ...pick(records, at), value: Buffer.from('forged') };
      const last = pick(records, records.length - 1).offset;
      const offsets = [...records.map(({ offset }) => offset), last + 1];
      return records
        .toSpliced(at + 1, 0, forged)
        .map((record, index) => ({ ...record, offset: offsets[index] ?? 0 }));
    },
    wrong: (at) => at + 1,
    end: (records) => pick(records, records.length - 1).offset + 2,
  },
  'a copy of it behind it, the rest moved down': {
    kind: 'inserted',
    change: (records, at) => {
      const last = pick(records, records.length - 1).offset;
      const offsets = [...records.map(({ offset }) => offset), last + 1];
      const copied = records.toSpliced(at + 1, 0, pick(records, at));
      return copied.map((record, index) => ({ ...record, offset: offsets[index] ?? 0 }));
    },
    wrong: (at) => at + 1,
    end: (records) => pick(records, records.length - 1).offset + 2,
  },
  'replaced by a copy of the one before': {
    kind: 'altered',
    change: (records, at) => {
      const { offset, appendedAt } = pick(records, at);
      return records.with(at, { ...pick(records, at - 1), offset, appendedAt });
    },
  },
  'the tail cut off': {
    kind: 'truncated',
    change: (records, at) => records.slice(0, at),
    end: (records, at) => pick(records, at).offset,
  },
};

describe.each(TOPICS)('%s', (topic) => {
  test.each(Object.entries(REWRITINGS))('%s', async (name, { kind, change, wrong, end }) => {
    const { partition, records } = fullest(topic);
    // The record before the last has neighbours on both sides, and is the only one of its key in no compacted topic.
    const at = records.length - 2;
    const log = rewritten(graph.log, {
      topic,
      partition,
      records: change(records, at),
      ...(end === undefined ? {} : { end: end(records, at) }),
    });
    const report = await verified({ graph, stateDir }, { log });
    expect(report.exitCode).toBe(1);
    const [first] = faultsOf(report);
    const target = pick(records, wrong?.(at) ?? at);
    expect({ name, ...first }).toMatchObject({ name, kind, topic, partition, offset: target.offset });
    expect(isStepOf(target, first?.service ?? '', first?.step ?? 0)).toBe(true);
    expect(report.render()).toContain(
      `${kind}: step ${first?.step} of ${first?.service}/${partition} at ${topic}/${partition}@`,
    );
  });
});

test('any change of any one byte of any record, its offset or its time is found at its place', async () => {
  const places = partitions.filter(({ records }) => records.length > 0);
  const mutation = fc.record({
    place: fc.constantFrom(...places.keys()),
    record: fc.nat(),
    piece: fc.constantFrom('key', 'value', 'header name', 'header value', 'append time', 'offset'),
    byte: fc.nat(),
    bit: fc.integer({ min: 0, max: 7 }),
  });
  await fc.assert(
    fc.asyncProperty(mutation, async ({ place, record, piece, byte, bit }) => {
      const { topic, partition, records } = places[place] ?? fullest('usage-events');
      const at = record % records.length;
      const honest = pick(records, at);
      const mutant = mutated(honest, piece, { byte, bit });
      fc.pre(mutant !== null && records.every((other) => other === honest || other.offset !== mutant.offset));
      // Behind the end of the seal the last record of a compacted topic looks like one that came later.
      const isBehindSeal = (mutant?.offset ?? 0) > (records.at(-1)?.offset ?? 0);
      fc.pre(!(isCompacted(topic) && isBehindSeal));
      const others =
        mutant === null ? records : records.with(at, mutant).toSorted((a, b) => a.offset - b.offset);
      const log = rewritten(graph.log, { topic, partition, records: others });
      const [first] = faultsOf(await verified({ graph, stateDir }, { log, partition }));
      // Where a record may have been compacted away, one that moved shows at its new place.
      const offsets = [honest.offset, mutant?.offset ?? honest.offset].sort((a, b) => a - b);
      expect(first).toMatchObject({ topic, partition });
      expect(isCompacted(topic) ? offsets : offsets.slice(0, 1)).toContain(first?.offset);
      if (piece !== 'offset') expect(isStepOf(honest, first?.service ?? '', first?.step ?? 0)).toBe(true);
    }),
    { numRuns: 250, verbose: 1 },
  );
});

/** Null where the record has no such piece. */
function mutated(
  record: LogRecord,
  piece: string,
  { byte, bit }: { byte: number; bit: number },
): LogRecord | null {
  if (piece === 'append time') return { ...record, appendedAt: record.appendedAt + (1 << bit) };
  if (piece === 'offset') return { ...record, offset: record.offset ^ (1 << (bit % 3)) };
  if (piece === 'key' || piece === 'value') {
    const bytes = record[piece];
    if (bytes === null || bytes.length === 0) return null;
    return { ...record, [piece]: flipped(bytes, byte % bytes.length, bit) };
  }
  const at = byte % Math.max(1, record.headers.length);
  const header = record.headers[at];
  if (header === undefined) return null;
  const [name, value] = header;
  if (piece === 'header name') {
    const other = flipped(Buffer.from(name), byte % name.length, bit % 7).toString('latin1');
    return { ...record, headers: record.headers.with(at, [other, value]) };
  }
  if (value.length === 0) return null;
  return { ...record, headers: record.headers.with(at, [name, flipped(value, byte % value.length, bit)]) };
}
