/**
 * Numbers for keys: the first key that is added is 0, the next one 1, and a key keeps its number.
 *
 * Job: exact look-ups of byte strings outside the heap, at some 24 bytes a key besides its own. A Map of as many strings takes
 * ten times as long to fill and several times the memory, from a heap that is kept small.
 *
 * Boundary: nothing is ever removed; whoever has values for the numbers says which of them are still there.
 */
import { randomInt } from 'node:crypto';
import type { Extent } from '../schemas/extent.ts';

const SLOTS_MIN = 1 << 6;
const ARENA_BYTES_MIN = 1024;
/** Another one in each process, so that nobody can choose keys that all fall on one slot. */
const HASH_START = randomInt(2 ** 32);
const HASH_PRIME = 0x0100_0193;
const NOWHERE = -1;

export class KeyIndex {
  /** Number of a key and one, at its hash or after it; 0 is free. */
  #slots = new Int32Array(SLOTS_MIN);
  #hashes = new Int32Array(SLOTS_MIN / 2);
  /** Where each key begins in the arena; the next one begins where it ends. */
  #starts = new Float64Array(SLOTS_MIN / 2 + 1);
  #arena = Buffer.allocUnsafeSlow(ARENA_BYTES_MIN);
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** The number of a key, -1 where it was never added. */
  find(key: Extent): number {
    return (this.#slots[this.#slotOf(key, hashOf(key))] ?? 0) - 1;
  }

  add(key: Extent): number {
    const hash = hashOf(key);
    const slot = this.#slotOf(key, hash);
    const found = (this.#slots[slot] ?? 0) - 1;
    if (found !== NOWHERE) return found;
    const number = this.#count;
    const used = this.#starts[number] ?? 0;
    const length = key.to - key.from;
    if (used + length > this.#arena.length) this.#growArena(used + length);
    key.memory.copy(this.#arena, used, key.from, key.to);
    this.#hashes[number] = hash;
    this.#count += 1;
    this.#starts[this.#count] = used + length;
    this.#slots[slot] = this.#count;
    if (this.#count * 2 >= this.#slots.length) this.#growSlots();
    return number;
  }

  keyOf(number: number): string {
    return this.#arena.toString('utf8', this.#starts[number], this.#starts[number + 1]);
  }

  /** The slot that holds the key, or the free one where it would go. */
  #slotOf({ memory, from, to }: Extent, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] ?? 0) - 1;
      if (number === NOWHERE) return slot;
      if (this.#hashes[number] !== hash) continue;
      const start = this.#starts[number] ?? 0;
      const end = this.#starts[number + 1] ?? 0;
      if (end - start === to - from && this.#arena.compare(memory, from, to, start, end) === 0) return slot;
    }
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let entry = 1; entry <= this.#count; entry += 1) {
      let slot = (this.#hashes[entry - 1] ?? 0) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry;
    }
    this.#slots = slots;
    const hashes = new Int32Array(slots.length / 2);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    const starts = new Float64Array(slots.length / 2 + 1);
    starts.set(this.#starts);
    this.#starts = starts;
  }

  #growArena(needed: number): void {
    const arena = Buffer.allocUnsafeSlow(Math.max(needed, this.#arena.length * 2));
    arena.set(this.#arena);
    this.#arena = arena;
  }
}

/** FNV-1a with its bits stirred once more, since slots are taken by the lowest. */
function hashOf({ memory, from, to }: Extent): number {
  let hash = HASH_START;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (memory[at] ?? 0), HASH_PRIME);
  return hash ^ (hash >>> 15);
}
