/** When and why something is decided. Nothing here reads a clock: all times are those of records. */
import type { Cause } from '../../schemas/generated/journal-entry.ts';
import type { Instant } from '../../schemas/instant.ts';

/** The place, append time and stream time of the record under way. */
export interface Occasion {
  readonly recordedAt: Instant;
  readonly streamTime: Instant | null;
  readonly cause: Cause;
}

/** Before the first clock tick, the append time of the record is the best time that the log itself can give. */
export function timeOf(occasion: Pick<Occasion, 'recordedAt' | 'streamTime'>): Instant {
  return occasion.streamTime ?? occasion.recordedAt;
}

/** Records of different topics come in any order, so append times are not in order either. */
export function later(a: Instant, b: Instant): Instant {
  if (a > b) return a;
  return b;
}
