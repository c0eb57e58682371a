/**
 * How often blocks that are not full may be inserted.
 *
 * An insert has a price of its own, whatever is in it: tens of milliseconds of an embedded server, few of a large one.
 * After such inserts the sink therefore rests for a multiple of the time they took, so that a trickle of records can
 * never keep the server busy; blocks grow meanwhile. Full blocks are not held back.
 */
export class Pace {
  readonly #restFactor: number;
  #restUntilMs = Number.NEGATIVE_INFINITY;

  constructor(restFactor: number) {
    this.#restFactor = restFactor;
  }

  isResting(nowMs: number): boolean {
    return nowMs < this.#restUntilMs;
  }

  inserted(tookMs: number, nowMs: number): void {
    this.#restUntilMs = Math.max(this.#restUntilMs, nowMs) + tookMs * this.#restFactor;
  }
}
