/**
 * Which keys fall due, and when: a binary heap over (due time, key) with lazy removal.
 *
 * Job: answer `due(now)` in order of time, then key, without scanning a table on every clock tick.
 *
 * Invariants:
 *  1. An entry is only a hint: the caller's `dueOf` is the truth, and an entry that disagrees with it is dropped.
 *  2. The order of the answer depends only on the table's content, never on the order of insertion.
 */
interface Entry {
  readonly at: number;
  readonly key: string;
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.key < b.key);
}

export class DueIndex {
  readonly #heap: Entry[] = [];
  readonly #dueOf: (key: string) => number | null;

  constructor(dueOf: (key: string) => number | null) {
    this.#dueOf = dueOf;
  }

  add(key: string, at: number): void {
    const heap = this.#heap;
    const entry = { at, key };
    let hole = heap.length;
    heap.push(entry);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(entry, above)) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = entry;
  }

  /** Keys due at or before `now`. They stay in the index until their due time changes. */
  due(now: number): readonly string[] {
    const found: Entry[] = [];
    const keys: string[] = [];
    for (let top = this.#heap[0]; top !== undefined && top.at <= now; top = this.#heap[0]) {
      this.#removeTop();
      const isCurrent = this.#dueOf(top.key) === top.at;
      const isRepeat = keys.length > 0 && keys[keys.length - 1] === top.key;
      if (!isCurrent || isRepeat) continue;
      found.push(top);
      keys.push(top.key);
    }
    for (const entry of found) this.add(entry.key, entry.at);
    return keys;
  }

  #removeTop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let hole = 0;
    for (;;) {
      const left = 2 * hole + 1;
      const leftEntry = heap[left];
      if (leftEntry === undefined) break;
      const rightEntry = heap[left + 1];
      const takeRight = rightEntry !== undefined && before(rightEntry, leftEntry);
      const child = takeRight ? rightEntry : leftEntry;
      if (!before(child, last)) break;
      heap[hole] = child;
      hole = takeRight ? left + 1 : left;
    }
    heap[hole] = last;
  }
}
