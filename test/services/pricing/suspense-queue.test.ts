/** Queues of what waits: joining, leaving, being released, a bounded number at a time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SuspenseQueue } from '../../../schemas/generated/price-suspense-queue.ts';
import type { SuspenseSlot } from '../../../schemas/generated/price-suspense-slot.ts';
import { join, leave } from '../../../services/pricing/suspense-queue.ts';
import {
  isOpen,
  open,
  openSlots,
  pass,
  RELEASES_PER_INPUT_MAX,
} from '../../../services/pricing/suspense-release.ts';

const emptyTables = () => ({
  queues: new Map<string, SuspenseQueue>(),
  slots: new Map<string, SuspenseSlot>(),
});

function waiting(tables: ReturnType<typeof emptyTables>, thing: string): readonly (string | null)[] {
  return openSlots(tables, [thing], 'arrived').map(({ item }) => item);
}

describe('a queue', () => {
  test('holds items in the order in which they joined', () => {
    const tables = emptyTables();
    expect([join(tables, 'x', 'a'), join(tables, 'x', 'b'), join(tables, 'y', 'c')]).toEqual([0, 1, 0]);
    expect(waiting(tables, 'x')).toEqual(['a', 'b']);
    expect(waiting(tables, 'nothing')).toEqual([]);
  });

  test('shows a gap where an item has left', () => {
    const tables = emptyTables();
    join(tables, 'x', 'a');
    const slot = join(tables, 'x', 'b');
    leave(tables, 'x', slot);
    expect(waiting(tables, 'x')).toEqual(['a', null]);
  });

  test('is open from the arrival until its last slot was looked at', () => {
    const tables = emptyTables();
    join(tables, 'x', 'a');
    join(tables, 'x', 'b');
    const state = () => {
      const queue = tables.queues.get('x');
      return queue === undefined ? 'gone' : isOpen(queue);
    };
    expect(state()).toBe(false);
    open(tables, 'x');
    expect(state()).toBe(true);
    const slots = openSlots(tables, ['x'], 'still_open');
    pass(tables, slots.slice(0, 1));
    expect(state()).toBe(true);
    pass(tables, slots.slice(1));
    expect(state()).toBe('gone');
    expect(tables.slots.size).toBe(0);
  });

  test('that nobody stands in does not open', () => {
    const tables = emptyTables();
    open(tables, 'x');
    expect(tables.queues.size).toBe(0);
  });

  test('puts who joins again behind the opened part', () => {
    const tables = emptyTables();
    join(tables, 'x', 'a');
    join(tables, 'x', 'b');
    open(tables, 'x');
    pass(tables, openSlots(tables, ['x'], 'still_open').slice(0, 1));
    join(tables, 'x', 'a');
    expect(openSlots(tables, ['x'], 'still_open').map(({ item }) => item)).toEqual(['b']);
    expect(waiting(tables, 'x')).toEqual(['b', 'a']);
  });

  test('gives at most the named maximum at a time, over all queues', () => {
    const tables = emptyTables();
    for (let index = 0; index < RELEASES_PER_INPUT_MAX; index += 1) {
      join(tables, 'x', `x${index}`);
      join(tables, 'y', `y${index}`);
    }
    const things = ['x', 'y'];
    for (const thing of things) open(tables, thing);
    const first = openSlots(tables, things, 'still_open');
    expect(first).toHaveLength(RELEASES_PER_INPUT_MAX);
    pass(tables, first);
    const second = openSlots(tables, things, 'still_open');
    expect(second.map(({ thing }) => thing)).toEqual(Array(RELEASES_PER_INPUT_MAX).fill('y'));
    pass(tables, second);
    expect(openSlots(tables, things, 'still_open')).toEqual([]);
    expect(tables.queues.size + tables.slots.size).toBe(0);
  });

  test('loses nobody and repeats nobody, however joins, leaves and releases are mixed', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('join' as const), thing: fc.constantFrom('x', 'y') }),
      fc.record({ kind: fc.constant('leave' as const), pick: fc.nat() }),
      fc.record({ kind: fc.constant('release' as const), thing: fc.constantFrom('x', 'y'), max: fc.nat(5) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const tables = emptyTables();
        const standing = new Map<string, { readonly thing: string; readonly slot: number }>();
        for (const [index, action] of steps.entries()) {
          if (action.kind === 'join') {
            const slot = join(tables, action.thing, `i${index}`);
            standing.set(`i${index}`, { thing: action.thing, slot });
          } else if (action.kind === 'leave') {
            const [item, place] = [...standing][action.pick % Math.max(1, standing.size)] ?? [];
            if (item === undefined || place === undefined) continue;
            leave(tables, place.thing, place.slot);
            standing.delete(item);
          } else {
            open(tables, action.thing);
            const slots = openSlots(tables, [action.thing], 'still_open').slice(0, action.max);
            pass(tables, slots);
            for (const { item } of slots) if (item !== null) expect(standing.delete(item)).toBe(true);
          }
        }
        const left = ['x', 'y'].flatMap((thing) => waiting(tables, thing)).filter((item) => item !== null);
        expect([...left].sort()).toEqual([...standing.keys()].sort());
      }),
    );
  });
});
