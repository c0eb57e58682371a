// Generated from state/rating-outcome-counts.avsc by npm run generate; do not edit.

/** Verified outcomes of one account, billing period and contract version (R1). */
export interface OutcomeCounts {
  /** Ascending by outcomeType. */
  readonly counts: readonly OutcomeCount[];
}

export interface OutcomeCount {
  readonly outcomeType: string;
  readonly count: number;
}
