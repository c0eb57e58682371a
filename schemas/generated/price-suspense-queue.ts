// Generated from state/price-suspense-queue.avsc by npm run generate; do not edit.

/** What waits for one missing thing, as slots head to tail - 1. */
export interface SuspenseQueue {
  /** First slot still to look at. */
  readonly head: number;
  /** Slot that the next waiter takes. */
  readonly tail: number;
  /** Slots below this may be released: the missing thing arrived. 0 while it is missing. */
  readonly releaseUntil: number;
}
