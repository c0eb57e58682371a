/** Tables seen through the overlay of a step, and the timers over them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFramed } from '../../schemas/codec.ts';
import type { ClockTick } from '../../schemas/generated/clock-tick.ts';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { stateForm } from '../../topology/changelog.ts';
import { DueIndex } from '../../topology/due-index.ts';
import { keyBytes } from '../../topology/key-bytes.ts';
import { table } from '../../topology/processor.ts';
import { Store } from '../../topology/store.ts';

/** Any record serves as a state value; a clock tick is the smallest. */
function value(sequence: number, time = 0): ClockTick {
  return { sequence, time: instantOfMillis(time) };
}

const directory = new MemorySchemaDirectory();

function encoded(value: ClockTick): Buffer {
  return encodeFramed('ClockTick', value, directory.idOf('ClockTick'));
}

function newStore(decodedMax = 1_000) {
  const decodedKeys: string[] = [];
  const form = stateForm(directory);
  const rules = { timers: table('ClockTick', ({ time }) => (time === 0 ? null : time)) };
  const decode: typeof form.decode = (record, bytes, path) => {
    decodedKeys.push(path);
    return form.decode(record, bytes, path);
  };
  const store = new Store(rules, { ...form, decode }, decodedMax);
  const timers = store.tables['timers'];
  if (timers === undefined) throw new Error('the table is missing');
  return { store, timers, decodedKeys };
}

describe('overlay', () => {
  test('each changed key is listed once, in the order of first change', () => {
    const { store, timers } = newStore();
    timers.set('b', value(1));
    timers.set('a', value(2));
    timers.set('b', value(3));
    timers.delete('c');
    expect(store.changes().map(({ key, value: changed }) => [key, changed])).toEqual([
      ['b', value(3)],
      ['a', value(2)],
      ['c', undefined],
    ]);
    expect(store.changedKeys('timers')).toEqual(['b', 'a', 'c']);
  });

  test('after the commit there is nothing left to write and the values stay', () => {
    const { store, timers } = newStore();
    timers.set('a', value(1));
    store.commit();
    timers.set('b', value(2));
    timers.delete('a');
    expect([timers.get('a'), timers.get('b')]).toEqual([undefined, value(2)]);
    store.commit();
    expect([store.changes(), store.sizes()]).toEqual([[], { timers: 1 }]);
  });

  test('keys come in ascending order, whatever the order of writing and restoring', () => {
    const { store, timers } = newStore();
    store.restore({ table: 'timers', key: keyBytes('m'), bytes: encoded(value(1)), dueAt: null });
    timers.set('z', value(2));
    timers.set('a', value(3));
    timers.delete('m');
    expect([...timers.keys()]).toEqual(['a', 'z']);
  });
});

describe('restored state', () => {
  const restored = (key: string, state: ClockTick | null, dueAt: Instant | null | undefined) => ({
    table: 'timers',
    key: keyBytes(key),
    bytes: state === null ? null : encoded(state),
    dueAt,
  });

  test('is decoded when it is asked for, once, and its timers are known before', () => {
    const { store, timers, decodedKeys } = newStore();
    const time = instantOfMillis(100);
    store.restore(restored('a', value(1, 100), time));
    store.restore(restored('b', value(2), null));
    expect(decodedKeys).toEqual([]);
    expect(timers.due(time)).toEqual(['a']);
    expect([timers.get('b'), timers.get('b'), timers.get('a')]).toEqual([value(2), value(2), value(1, 100)]);
    expect(decodedKeys).toEqual(['timers/a', 'timers/b']);
  });

  test('of a changelog that does not say when it falls due is decoded to know', () => {
    const { store, timers, decodedKeys } = newStore();
    store.restore(restored('a', value(1, 100), undefined));
    expect(decodedKeys).toEqual(['timers/a']);
    expect(timers.due(instantOfMillis(100))).toEqual(['a']);
  });

  test('the last record of a key counts, a deletion too', () => {
    const { store, timers } = newStore();
    store.restore(restored('a', value(1, 100), instantOfMillis(100)));
    store.restore(restored('a', value(2, 200), instantOfMillis(200)));
    store.restore(restored('b', value(3), null));
    store.restore(restored('b', null, null));
    expect([timers.due(instantOfMillis(150)), timers.get('a'), timers.get('b')]).toEqual([
      [],
      value(2, 200),
      undefined,
    ]);
    expect(store.sizes()).toEqual({ timers: 1 });
  });

  test('that cannot be decoded names its place when it is asked for', () => {
    const { store, timers } = newStore();
    store.restore({
      table: 'timers',
      key: keyBytes('a'),
      bytes: Buffer.from('0000000001', 'hex'),
      dueAt: null,
    });
    expect(() => timers.get('a')).toThrow(/timers\/a is not a ClockTick/);
  });
});

describe('timers', () => {
  test('a key is due at its time, stays due until it changes, and follows its newest time', () => {
    const { store, timers } = newStore();
    timers.set('late', value(1, 200));
    timers.set('soon', value(1, 100));
    timers.set('never', value(1));
    const due = (now: number): readonly string[] => timers.due(instantOfMillis(now));
    expect([due(99), due(100), due(200)]).toEqual([[], ['soon'], ['soon', 'late']]);
    store.commit();
    timers.set('soon', value(1, 300));
    expect([due(200), due(300)]).toEqual([['late'], ['late', 'soon']]);
    timers.delete('late');
    expect(due(1_000)).toEqual(['soon']);
  });

  test('the index answers as a sorted scan would', () => {
    const change = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      at: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 60 }),
        fc.integer({ min: 0, max: 31 }),
        fc.nat(60),
        (changes, now, restored) => {
          const times = new Map<string, number>();
          const keys = ['a', 'b', 'c', 'd', 'e'];
          const index = new DueIndex(
            (key) => times.get(key) ?? null,
            (number) => keys[number] ?? '',
          );
          for (const [nth, { key, at }] of changes.entries()) {
            times.set(key, at);
            // What is restored comes first, in a task's life; here the index is also asked in between.
            if (nth < restored) index.addRestored(keys.indexOf(key), at);
            else index.add(key, at);
            if (nth % 7 === 6) index.due(Math.min(now, 15));
          }
          const expected = [...times]
            .filter(([, at]) => at <= now)
            .sort(([keyA, a], [keyB, b]) => a - b || (keyA < keyB ? -1 : 1))
            .map(([key]) => key);
          expect(index.due(now)).toEqual(expected);
          expect(index.due(now)).toEqual(expected);
        },
      ),
    );
  });
});

test('a store that may hold few values decoded is the same as one that holds all', () => {
  const change = fc.record({
    key: fc.constantFrom(...'abcdefghij'),
    what: fc.constantFrom('set', 'delete', 'get', 'commit', 'commit'),
    number: fc.integer({ min: 0, max: 99 }),
  });
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 120 }),
      fc.integer({ min: 1, max: 4 }),
      (changes, decodedMax) => {
        const [few, all] = [newStore(decodedMax), newStore()];
        for (const { key, what, number } of changes) {
          if (what === 'get') expect(few.timers.get(key)).toEqual(all.timers.get(key));
          for (const { store, timers } of [few, all]) {
            if (what === 'set') timers.set(key, value(number));
            else if (what === 'delete') timers.delete(key);
            else if (what === 'commit') store.commit();
          }
        }
        const now = instantOfMillis(50);
        expect(few.store.changes()).toEqual(all.store.changes());
        expect(few.timers.due(now)).toEqual(all.timers.due(now));
        expect([...few.timers.keys()]).toEqual([...all.timers.keys()]);
        expect(few.store.sizes()).toEqual(all.store.sizes());
        for (const key of all.timers.keys()) expect(few.timers.get(key)).toEqual(all.timers.get(key));
      },
    ),
  );
});

test('the value that was longest in the map is laid aside first, and comes back when it is asked for', () => {
  const { store, timers, decodedKeys } = newStore(2);
  for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) timers.set(key, value(index + 1));
  store.commit();
  expect([timers.get('d'), timers.get('c'), timers.get('a')]).toEqual([value(4), value(3), value(1)]);
  store.commit();
  expect([timers.get('d'), timers.get('a'), timers.get('b')]).toEqual([value(4), value(1), value(2)]);
  expect(decodedKeys).toEqual(['timers/a', 'timers/b']);
});

test('nothing that was deleted is kept by the store', async () => {
  const { store, timers } = newStore();
  const refs: WeakRef<ClockTick>[] = [];
  // As a window of ids does: what is new comes at one end while as much goes at the other.
  for (let round = 0; round < 500; round += 1) {
    const made = value(round);
    refs.push(new WeakRef(made));
    timers.set(`${round}`, made);
    if (round >= 20) timers.delete(`${round - 20}`);
    store.commit();
  }
  setFlagsFromString('--expose-gc');
  await new Promise((resolve) => setImmediate(resolve));
  runInNewContext('gc')();
  expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(50);
});
