/**
 * Which keys fall due, and when: a binary heap over (due time, key) with lazy removal.
 *
 * Job: answer `due(now)` in order of time, then key, without scanning a table on every clock tick.
 *
 * Times and keys stand in two arrays of the same order, since a restore adds a million of them, and as many objects would be
 * most of what the collector has to look at.
 *
 * Invariants:
 *  1. An entry is only a hint: the caller's `dueOf` is the truth, and an entry that disagrees with it is dropped.
 *  2. The order of the answer depends only on the table's content, never on the order of insertion.
 */
const ENTRIES_MIN = 16;

export class DueIndex {
  #times = new Float64Array(ENTRIES_MIN);
  readonly #keys: string[] = [];
  readonly #dueOf: (key: string) => number | null;
  readonly #restored: RestoredTimes;

  /** `keyOf` gives the key of a number that was added as restored. */
  constructor(dueOf: (key: string) => number | null, keyOf: (number: number) => string) {
    this.#dueOf = dueOf;
    this.#restored = new RestoredTimes(keyOf);
  }

  /** As `add`, for a key that is known by its number and need not be made before it is due. */
  addRestored(number: number, at: number): void {
    this.#restored.add(number, at);
  }

  add(key: string, at: number): void {
    let hole = this.#keys.length;
    this.#keys.push(key);
    if (hole === this.#times.length) this.#grow();
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!this.#isAfter(parent, at, key)) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#times[hole] = at;
    this.#keys[hole] = key;
  }

  /** Keys due at or before `now`. They stay in the index until their due time changes. */
  due(now: number): readonly string[] {
    for (const { key, at } of this.#restored.take(now)) this.add(key, at);
    const times: number[] = [];
    const keys: string[] = [];
    for (let top = this.#keys[0]; top !== undefined; top = this.#keys[0]) {
      const at = this.#times[0] ?? 0;
      if (at > now) break;
      this.#removeTop();
      const isCurrent = this.#dueOf(top) === at;
      const isRepeat = keys.length > 0 && keys[keys.length - 1] === top;
      if (!isCurrent || isRepeat) continue;
      times.push(at);
      keys.push(top);
    }
    for (const [index, key] of keys.entries()) this.add(key, times[index] ?? 0);
    return keys;
  }

  #removeTop(): void {
    const key = this.#keys.pop();
    const size = this.#keys.length;
    if (key === undefined || size === 0) return;
    const at = this.#times[size] ?? 0;
    let hole = 0;
    for (let left = 1; left < size; left = 2 * hole + 1) {
      const right = left + 1;
      const takeRight = right < size && this.#isAfter(left, this.#times[right] ?? 0, this.#keys[right] ?? '');
      const child = takeRight ? right : left;
      if (this.#isAfter(child, at, key)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#times[hole] = at;
    this.#keys[hole] = key;
  }

  /** Whether the entry comes after this time and key; an equal one does not come before it either. */
  #isAfter(entry: number, at: number, key: string): boolean {
    const time = this.#times[entry] ?? 0;
    return time > at || (time === at && (this.#keys[entry] ?? '') > key);
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] ?? 0;
    this.#keys[to] = this.#keys[from] ?? '';
  }

  #grow(): void {
    this.#times = grown(this.#times, new Float64Array(this.#times.length * 2));
  }
}

/** Times of restored keys, in no order: they are looked through when one of them has come. */
class RestoredTimes {
  readonly #keyOf: (number: number) => string;
  #times = new Float64Array(ENTRIES_MIN);
  #numbers = new Uint32Array(ENTRIES_MIN);
  #count = 0;
  #earliest = Number.POSITIVE_INFINITY;

  constructor(keyOf: (number: number) => string) {
    this.#keyOf = keyOf;
  }

  add(number: number, at: number): void {
    if (this.#count === this.#times.length) this.#grow();
    this.#times[this.#count] = at;
    this.#numbers[this.#count] = number;
    this.#count += 1;
    this.#earliest = Math.min(this.#earliest, at);
  }

  take(now: number): readonly { readonly key: string; readonly at: number }[] {
    if (this.#earliest > now) return [];
    const taken: { readonly key: string; readonly at: number }[] = [];
    const count = this.#count;
    this.#count = 0;
    this.#earliest = Number.POSITIVE_INFINITY;
    for (let entry = 0; entry < count; entry += 1) {
      const at = this.#times[entry] ?? 0;
      const number = this.#numbers[entry] ?? 0;
      if (at <= now) taken.push({ key: this.#keyOf(number), at });
      else this.add(number, at);
    }
    return taken;
  }

  #grow(): void {
    this.#times = grown(this.#times, new Float64Array(this.#times.length * 2));
    this.#numbers = grown(this.#numbers, new Uint32Array(this.#numbers.length * 2));
  }
}

function grown<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
