/** Keys that were restored: numbers that stay, and values that are the last ones, whatever was done before. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyBytes } from '../../topology/key-bytes.ts';
import { KeyIndex } from '../../topology/key-index.ts';
import { RestoredValues } from '../../topology/restored-values.ts';

const anyKey = fc.oneof(
  fc.string({ maxLength: 12, unit: 'binary' }),
  fc.constantFrom('', 'a', '客户', 'a/b', 'long'.repeat(400)),
);

test('a key keeps the number that it got first, however many follow', () => {
  fc.assert(
    fc.property(fc.array(anyKey, { maxLength: 300 }), (keys) => {
      const index = new KeyIndex();
      const expected = new Map<string, number>();
      for (const key of keys) {
        expect(index.find(keyBytes(key))).toBe(expected.get(key) ?? -1);
        if (!expected.has(key)) expected.set(key, expected.size);
        expect(index.add(keyBytes(key))).toBe(expected.get(key));
      }
      expect(index.size).toBe(expected.size);
      for (const [key, number] of expected) {
        expect(index.find(keyBytes(key))).toBe(number);
        expect(index.keyOf(number)).toBe(key);
      }
    }),
  );
});

test('a key may be part of a larger buffer', () => {
  const index = new KeyIndex();
  const memory = Buffer.from('xxabcxx');
  expect(index.add({ memory, from: 2, to: 5 })).toBe(0);
  expect(index.add(keyBytes('abc'))).toBe(0);
  expect(index.find({ memory, from: 1, to: 5 })).toBe(-1);
});

test('restored values are those of a map with the same history', () => {
  const change = fc.record({
    key: anyKey,
    value: fc.option(fc.uint8Array({ maxLength: 20 })),
    asks: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const values = new RestoredValues();
      const expected = new Map<string, string>();
      for (const { key, value, asks } of changes) {
        if (value === null) {
          values.delete(keyBytes(key));
          expected.delete(key);
        } else {
          values.set(keyBytes(key), Buffer.from(value));
          expected.set(key, Buffer.from(value).toString('hex'));
        }
        if (!asks) continue;
        const number = values.find(key);
        expect(number >= 0).toBe(expected.has(key));
        if (number < 0) continue;
        expect(values.read(number).toString('hex')).toBe(expected.get(key));
        values.release(number);
        expected.delete(key);
      }
      expect(values.size).toBe(expected.size);
      expect([...values.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
    }),
  );
});
