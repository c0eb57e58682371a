/**
 * Where a partition first parts from what was sealed of it, and in which way.
 *
 * Boundary: two lists in, one difference out; nothing is read here.
 *
 * Invariants:
 *  1. Lists that differ in any entry give a difference, compacted records apart.
 *  2. A record may be missing from a compacted topic only when a later one of its key is there.
 */
import type { RecordList } from './record-list.ts';

export type DifferenceKind = 'altered' | 'dropped' | 'reordered' | 'inserted' | 'back_dated' | 'truncated';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly offset: number;
  /** The step that wrote the record, 0 where none did. */
  readonly step: number;
}

export interface Surroundings {
  /** Where the range ends. What was found behind it was not sealed with it, and may have been pushed there. */
  readonly to: number;
  /** Where the log ends now. */
  readonly logEnd: number;
  /** For a compacted topic, the last offset of each key; null for one that keeps everything. */
  readonly lastOffsets: ReadonlyMap<string, number> | null;
}

export function firstDifference(
  sealed: RecordList,
  found: RecordList,
  { to, logEnd, lastOffsets }: Surroundings,
): Difference | null {
  const compared = countBelow(found, to);
  let next = 0;
  for (let index = 0; index < sealed.length; index += 1) {
    const offset = sealed.offset(index);
    const place = { offset, step: sealed.step(index) };
    const foundOffset = next < compared ? found.offset(next) : Number.POSITIVE_INFINITY;
    if (foundOffset < offset) return { kind: 'inserted', offset: foundOffset, step: place.step };
    if (foundOffset > offset) {
      if (lastOffsets !== null && (lastOffsets.get(sealed.key(index)) ?? -1) > offset) continue;
      if (next === compared && offset >= logEnd) return { kind: 'truncated', ...place };
      const isMoved = isElsewhere(found, sealed.content(index), sealed);
      return { kind: isMoved ? 'reordered' : 'dropped', ...place };
    }
    if (sealed.content(index) !== found.content(next)) {
      return {
        kind: replacement(sealed, found, { was: sealed.content(index), is: found.content(next) }),
        ...place,
      };
    }
    if (sealed.appendedAt(index) !== found.appendedAt(next)) return { kind: 'back_dated', ...place };
    next += 1;
  }
  if (next >= compared) return null;
  return { kind: 'inserted', offset: found.offset(next), step: stepBehind(sealed) };
}

/** Another record stands at an offset: changed in place, or come there because records moved up or down. */
function replacement(
  sealed: RecordList,
  found: RecordList,
  content: { readonly was: string; readonly is: string },
): DifferenceKind {
  const oldMoved = isElsewhere(found, content.was, sealed);
  const newMoved = isElsewhere(sealed, content.is, found);
  if (oldMoved) return newMoved ? 'reordered' : 'inserted';
  return newMoved ? 'dropped' : 'altered';
}

/** Whether `list` has this content at an offset where `other` has not. */
function isElsewhere(list: RecordList, content: string, other: RecordList): boolean {
  const offsets = new Set<number>();
  for (let index = 0; index < list.length; index += 1) {
    if (list.content(index) === content) offsets.add(list.offset(index));
  }
  for (let index = 0; index < other.length && offsets.size > 0; index += 1) {
    if (other.content(index) === content) offsets.delete(other.offset(index));
  }
  return offsets.size > 0;
}

function countBelow(list: RecordList, to: number): number {
  let count = list.length;
  while (count > 0 && list.offset(count - 1) >= to) count -= 1;
  return count;
}

function stepBehind(sealed: RecordList): number {
  return sealed.length === 0 ? 0 : sealed.step(sealed.length - 1);
}
