/**
 * How often blocks that are not full may be inserted.
 *
 * An insert has a price of its own, whatever is in it: tens of milliseconds of an embedded server, few of a large one.
 * After such inserts the sink therefore rests for a multiple of the time they took, so that a trickle of records can
 * never keep the server busy; blocks grow meanwhile. Full blocks are not held back.
 *
 * Invariant: a rest ends at most `restMsMax` after the last insert, so rows are never older than that when the server is
 * slow; without a bound, the rests of parallel slow inserts would add up to minutes.
 */
export class Pace {
  readonly #restFactor: number;
  readonly #restMsMax: number;
  #restUntilMs = Number.NEGATIVE_INFINITY;

  constructor({ restFactor, restMsMax }: { readonly restFactor: number; readonly restMsMax: number }) {
    this.#restFactor = restFactor;
    this.#restMsMax = restMsMax;
  }

  isResting(nowMs: number): boolean {
    return nowMs < this.#restUntilMs;
  }

  inserted(tookMs: number, nowMs: number): void {
    const restUntilMs = Math.max(this.#restUntilMs, nowMs) + tookMs * this.#restFactor;
    this.#restUntilMs = Math.min(restUntilMs, nowMs + this.#restMsMax);
  }
}
