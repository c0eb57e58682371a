// Generated from records/clock-tick.avsc by npm run generate; do not edit.
import type { Instant } from '../instant.ts';

/** Time as a record: stream time moves to `time` and never back. */
export interface ClockTick {
  readonly sequence: number;
  readonly time: Instant;
}
