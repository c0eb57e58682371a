/** The form of state in the changelog: what was written is read back, whatever compaction has removed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClockTick } from '../../schemas/generated/clock-tick.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { AdmissionWindow } from '../../topology/admission-window.ts';
import { barrierRecord, packCheckpoint, StateReader, stateForm } from '../../topology/changelog.ts';
import type { OutgoingRecord } from '../../topology/log.ts';
import { table } from '../../topology/processor.ts';
import { RecordPacker, recordBytesMax } from '../../topology/record-pack.ts';
import { Store } from '../../topology/store.ts';
import { asRead } from '../support/as-read.ts';
import { stateRecords, unpacked } from '../support/packed.ts';

const RULES = { counts: table('ClockTick'), other: table('ClockTick') };
const place = { topic: 'rating-changelog', partition: 3, directory: new MemorySchemaDirectory() };

function tick(sequence: number): ClockTick {
  return { sequence, time: instantOfMillis(sequence) };
}

function newStore(): Store {
  return new Store(RULES, stateForm(place.directory), 3);
}

function restored(records: readonly OutgoingRecord[]) {
  const state = {
    store: newStore(),
    window: new AdmissionWindow(1_000),
  };
  const reader = new StateReader(place, state);
  for (const [offset, record] of records.entries()) reader.take(asRead(record, offset));
  return { ...state, checkpoint: reader.finish() };
}

/** What the cleaner leaves: the last record of each key, tombstones kept or dropped. */
function compacted(
  records: readonly OutgoingRecord[],
  tombstones: 'keep' | 'drop',
): readonly OutgoingRecord[] {
  const last = new Map(records.map((record) => [record.key?.toString() ?? '', record]));
  return records.filter(
    (record) =>
      last.get(record.key?.toString() ?? '') === record && (tombstones === 'keep' || record.value !== null),
  );
}

function contentOf(store: Store) {
  return Object.entries(store.tables).map(([name, values]) => [
    name,
    [...values.keys()].map((key) => [key, values.get(key)]),
  ]);
}

describe('keys', () => {
  test('name the table and the key, whatever characters the key has', () => {
    const store = newStore();
    const keys = ['plain', 'with/slash', '', '!checkpoint', '客户'];
    for (const [index, key] of keys.entries()) store.tables['counts']?.set(key, tick(index));
    const records = stateRecords(place, store.changes());
    expect(records.map(({ key }) => key?.toString())).toEqual(keys.map((key) => `counts/${key}`));
    expect(records.every(({ topic, partition }) => topic === place.topic && partition === 3)).toBe(true);
    const { store: back } = restored(records);
    expect(keys.map((key) => back.tables['counts']?.get(key)?.valueOf())).toEqual(
      keys.map((_, index) => tick(index)),
    );
  });

  test('a deleted key is a tombstone', () => {
    const store = newStore();
    store.tables['counts']?.set('a', tick(1));
    store.commit();
    store.tables['counts']?.delete('a');
    expect(stateRecords(place, store.changes())).toMatchObject([{ value: null }]);
  });
});

test('a barrier says whose it is, and everything else that it is none', () => {
  const state = {
    store: newStore(),
    window: new AdmissionWindow(1_000),
  };
  const reader = new StateReader(place, state);
  const checkpoint = {
    clusterId: 'c',
    positions: [{ topic: 'accounts', offset: 4, topicId: null }],
    streamTime: instantOfMillis(9),
    step: 3,
    digest: Buffer.alloc(32, 1),
  };
  expect(reader.take(asRead(barrierRecord(place, 'mine'), 0))).toBe('mine');
  const packer = new RecordPacker(recordBytesMax);
  packCheckpoint(packer, place, checkpoint);
  for (const record of unpacked(packer.packs)) expect(reader.take(asRead(record, 1))).toBeNull();
  expect(reader.finish()).toEqual(checkpoint);
});

test('state and window come back equal from any history, compacted or not', () => {
  const change = fc.record({
    table: fc.constantFrom('counts', 'other'),
    key: fc.constantFrom('a', 'b', 'c', 'd/e'),
    value: fc.option(fc.integer({ min: 0, max: 99 })),
    seen: fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 40 }),
    atMs: fc.integer({ min: 0, max: 300 }),
    endsStep: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const store = newStore();
      const window = new AdmissionWindow(1_000);
      const records: OutgoingRecord[] = [];
      const endStep = (): void => {
        records.push(...stateRecords(place, store.changes(), window.endStep()));
        store.commit();
      };
      let now = 0;
      for (const { table: name, key, value, seen, atMs, endsStep } of changes) {
        now += atMs;
        if (value === null) store.tables[name]?.delete(key);
        else store.tables[name]?.set(key, tick(value));
        for (const id of seen) window.see(idOf(id), idOf(id), instantOfMillis(now));
        if (endsStep) endStep();
      }
      endStep();
      const known = knownIds(window, now);
      for (const kept of [records, compacted(records, 'keep'), compacted(records, 'drop')]) {
        const back = restored(kept);
        expect(contentOf(back.store)).toEqual(contentOf(store));
        expect(knownIds(back.window, now)).toEqual(known);
      }
    }),
    { numRuns: 30 },
  );
});

function idOf(id: number): Buffer {
  const digest = Buffer.alloc(32);
  digest.writeUInt32LE((id * 2_654_435_761) % 2 ** 32, 0);
  digest.writeUInt32LE(id, 4);
  return digest;
}

/** Which ids a window knows; asking makes the others known, so a window is asked once. */
function knownIds(window: AdmissionWindow, now: number): readonly number[] {
  const other = Buffer.alloc(32, 255);
  const ids = Array.from({ length: 201 }, (_, id) => id);
  return ids.filter((id) => window.see(idOf(id), other, instantOfMillis(now)) !== 'new');
}
