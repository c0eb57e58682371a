/** Encoded values behave as a map of copies, however often they are replaced, and give memory back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EncodedValues } from '../../topology/encoded-values.ts';

describe('encoded values', () => {
  test('a handle reads what was last put under it', () => {
    const change = fc.record({ key: fc.nat({ max: 40 }), bytes: fc.uint8Array({ maxLength: 50 }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const values = new EncodedValues();
        const expected = new Map<number, Buffer>();
        const handles = new Map<number, number>();
        for (const { key, bytes } of changes) {
          const source = Buffer.from(bytes);
          const handle = handles.get(key);
          if (handle === undefined) handles.set(key, values.add(source));
          else values.replace(handle, source);
          expected.set(key, Buffer.from(source));
          source.fill(0xff);
        }
        for (const [key, handle] of handles) expect(values.read(handle)).toEqual(expected.get(key));
      }),
    );
  });

  test('a released handle reads nothing, the others go on', () => {
    const values = new EncodedValues();
    const handles = ['a', 'b', 'c'].map((text) => values.add(Buffer.from(text)));
    values.release(handles[1] ?? 0);
    expect(() => values.read(handles[1] ?? 0)).toThrow(/no value under handle 1/);
    expect(handles.filter((_, index) => index !== 1).map((handle) => String(values.read(handle)))).toEqual([
      'a',
      'c',
    ]);
  });

  test('replaced bytes are given back: a long history of few keys stays small', () => {
    const values = new EncodedValues();
    const value = Buffer.alloc(100_000, 7);
    const before = process.memoryUsage().arrayBuffers;
    const handles = Array.from({ length: 10 }, () => values.add(value));
    for (let turn = 0; turn < 3_000; turn += 1) values.replace(handles[turn % 10] ?? 0, value);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150_000_000);
    expect(values.read(handles[3] ?? 0)).toEqual(value);
  });

  test('a value larger than a chunk is held too', () => {
    const values = new EncodedValues();
    const large = Buffer.alloc(5 * 1024 * 1024, 9);
    expect(values.read(values.add(large)).equals(large)).toBe(true);
    expect(String(values.read(values.add(Buffer.from('next'))))).toBe('next');
  });
});
