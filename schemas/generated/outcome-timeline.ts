// Generated from state/outcome-timeline.avsc by npm run generate; do not edit.
import type { Instant } from '../instant.ts';

/** State of outcome-confidence: the versions of an outcome definition. */
export interface OutcomeTimeline {
  readonly outcomeType: string;
  /** By effectiveAt, then version. */
  readonly versions: readonly VersionFrom[];
}

/** A version and when it takes force. */
export interface VersionFrom {
  readonly version: number;
  readonly effectiveAt: Instant;
}
