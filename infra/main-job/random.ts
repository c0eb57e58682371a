/** A seeded source of whole numbers (xorshift32): the same seed gives the same job on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Spreads small seeds over the whole state; zero would stay zero for ever.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
  }

  /** A whole number with 0 <= n < bound. */
  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return Math.floor(((this.#state >>> 0) / 0x1_0000_0000) * bound);
  }

  /** True in `perMille` of a thousand cases. */
  chance(perMille: number): boolean {
    return this.below(1_000) < perMille;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  /** An index below `bound`, small ones far more often: the square of a uniform draw. */
  skewed(bound: number): number {
    const draw = this.below(0x10000);
    return Math.floor((draw * draw * bound) / 0x1_0000_0000);
  }

  shuffle<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let last = copy.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      const [a, b] = [copy[last], copy[other]];
      if (a === undefined || b === undefined) continue;
      copy[last] = b;
      copy[other] = a;
    }
    return copy;
  }
}
