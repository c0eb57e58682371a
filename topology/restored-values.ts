/**
 * Values that were restored and not asked for yet, or laid aside (`store.ts`): keys and values as the bytes of the changelog.
 *
 * Job: take a million keys in without a string, an entry of a Map or a decoded value for any of them.
 *
 * Invariant: a key is here from the time it is restored until it is deleted or released, and its value is the last one
 * restored.
 */

import type { Extent } from '../schemas/extent.ts';
import { EncodedValues } from './encoded-values.ts';
import { keyBytes } from './key-bytes.ts';
import { KeyIndex } from './key-index.ts';

const NOWHERE = -1;
/** Keys of usual length are looked up from here. */
const SCRATCH_BYTES = 1_024;
const UTF8_BYTES_MAX = 3;

export class RestoredValues {
  /** Numbers of keys are handles of values. */
  readonly #keys = new KeyIndex();
  readonly #values = new EncodedValues();
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns the number of the key. */
  set(key: Extent, value: Buffer): number {
    const before = this.#keys.size;
    const number = this.#keys.add(key);
    if (number < before && this.#values.isHeld(number)) {
      this.#values.replace(number, value);
      return number;
    }
    if (number === before) this.#values.add(value);
    else this.#values.replace(number, value);
    this.#size += 1;
    return number;
  }

  delete(key: Extent): void {
    if (this.#size > 0) this.release(this.#keys.find(key));
  }

  /** The number of a key that is here, -1 of any other. */
  find(key: string): number {
    if (this.#size === 0) return NOWHERE;
    const isShort = key.length * UTF8_BYTES_MAX <= SCRATCH_BYTES;
    const path = isShort ? { memory: this.#scratch, from: 0, to: this.#scratch.write(key) } : keyBytes(key);
    const number = this.#keys.find(path);
    return number !== NOWHERE && this.#values.isHeld(number) ? number : NOWHERE;
  }

  /** The value under a number that `find` gave; valid until the next change. */
  read(number: number): Buffer {
    return this.#values.read(number);
  }

  release(number: number): void {
    if (number === NOWHERE || !this.#values.isHeld(number)) return;
    this.#values.release(number);
    this.#size -= 1;
  }

  keyOf(number: number): string {
    return this.#keys.keyOf(number);
  }

  *keys(): Iterable<string> {
    for (let number = 0; number < this.#keys.size; number += 1) {
      if (this.#values.isHeld(number)) yield this.#keys.keyOf(number);
    }
  }
}
