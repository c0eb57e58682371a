/** The window of request ids against a plain Map, through restores and past the horizon. */
import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AdmissionBlock } from '../../schemas/generated/admission-block.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { AdmissionWindow, type Sighting } from '../../topology/admission-window.ts';

const HORIZON_MS = 1_000;

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

function see(window: AdmissionWindow, id: string, payload: string, at = 0): Sighting {
  return window.see(digest(id), digest(payload), instantOfMillis(at));
}

/** Applies the changes of a step to a compacted changelog, as the broker would. */
function compact(changelog: Map<number, AdmissionBlock>, window: AdmissionWindow): void {
  for (const { number, block } of window.endStep()) {
    if (block === undefined) changelog.delete(number);
    else changelog.set(number, block);
  }
}

function restored(changelog: ReadonlyMap<number, AdmissionBlock>): AdmissionWindow {
  const window = new AdmissionWindow(HORIZON_MS);
  for (const [number, block] of [...changelog].sort(([a], [b]) => a - b)) window.restore(number, block);
  return window;
}

describe('sightings', () => {
  const cases: readonly (readonly [string, readonly (readonly [string, string])[], Sighting])[] = [
    ['first time', [['a', 'x']], 'new'],
    [
      'same id, same payload',
      [
        ['a', 'x'],
        ['a', 'x'],
      ],
      'duplicate',
    ],
    [
      'same id, other payload',
      [
        ['a', 'x'],
        ['a', 'y'],
      ],
      'conflict',
    ],
    [
      'a conflict does not replace the original',
      [
        ['a', 'x'],
        ['a', 'y'],
        ['a', 'x'],
      ],
      'duplicate',
    ],
    [
      'other id, same payload',
      [
        ['a', 'x'],
        ['b', 'x'],
      ],
      'new',
    ],
  ];
  test.each(cases)('%s', (_, sequence, last) => {
    const window = new AdmissionWindow(HORIZON_MS);
    const seen = sequence.map(([id, payload]) => see(window, id, payload));
    expect(seen.at(-1)).toBe(last);
  });
});

test('agrees with a Map over random sightings, steps and restores', () => {
  const action = fc.record({
    id: fc.integer({ min: 0, max: 400 }),
    payload: fc.integer({ min: 0, max: 1 }),
    endsStep: fc.boolean(),
    restarts: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 600 }), (actions) => {
      const model = new Map<number, number>();
      const changelog = new Map<number, AdmissionBlock>();
      let window = new AdmissionWindow(HORIZON_MS);
      for (const { id, payload, endsStep, restarts } of actions) {
        const known = model.get(id);
        const expected = known === undefined ? 'new' : known === payload ? 'duplicate' : 'conflict';
        expect(see(window, `id-${id}`, `payload-${payload}`)).toBe(expected);
        if (known === undefined) model.set(id, payload);
        if (endsStep || restarts) compact(changelog, window);
        if (restarts) window = restored(changelog);
      }
      expect(window.size).toBe(model.size);
    }),
  );
});

describe('the horizon', () => {
  test('an id is forgotten only with its whole block, by append time', () => {
    const changelog = new Map<number, AdmissionBlock>();
    const window = new AdmissionWindow(HORIZON_MS);
    for (let index = 0; index < 100; index += 1) see(window, `old-${index}`, 'x', index);
    compact(changelog, window);
    expect(see(window, 'old-0', 'x', 1_099)).toBe('duplicate');
    see(window, 'young', 'x', 1_100);
    compact(changelog, window);
    expect(see(window, 'old-99', 'x', 1_100)).toBe('new');
    expect(see(window, 'young', 'x', 1_100)).toBe('duplicate');
    expect([...changelog.keys()]).toEqual([1]);
  });

  test('memory is given back: a long run keeps only what is within the horizon', () => {
    const changelog = new Map<number, AdmissionBlock>();
    const window = new AdmissionWindow(HORIZON_MS);
    for (let step = 0; step < 400; step += 1) {
      for (let index = 0; index < 500; index += 1) see(window, `${step}-${index}`, 'x', step * 100);
      compact(changelog, window);
    }
    expect(window.size).toBeLessThanOrEqual(500 * 12);
    expect(restored(changelog).size).toBe(window.size);
  });
});

describe('changelog records of a step', () => {
  test('a small last block is rewritten, a full one is left alone', () => {
    const window = new AdmissionWindow(HORIZON_MS);
    const numbers = (): readonly number[] => window.endStep().map(({ number }) => number);
    see(window, 'a', 'x');
    expect(numbers()).toEqual([0]);
    for (let index = 0; index < 70; index += 1) see(window, `b-${index}`, 'x');
    expect(numbers()).toEqual([0]);
    see(window, 'c', 'x');
    expect(numbers()).toEqual([1]);
    expect(numbers()).toEqual([]);
  });
});
