/** Named maxima and pauses of the runtime (R7). One place, so that an operator sees every bound at once. */
export interface Limits {
  /** A step takes at most this many records at a time, and about this many bytes of them. */
  readonly stepRecordsMax: number;
  readonly stepBytesMax: number;
  /** So many times at most, while the transaction before it is under way. */
  readonly stepTakesMax: number;
  /**
   * A task holds at most this many values of its state decoded, all tables and partitions together; the others wait as bytes
   * outside the heap. Of the largest values, accounts, as many take half of a heap of 224 MiB.
   */
  readonly decodedMax: number;
  /** A task stops fetching ahead while this many records, or bytes of them, wait for a step. */
  readonly inboxRecordsMax: number;
  readonly inboxBytesMax: number;
  readonly fetchBytesMax: number;
  readonly partitionBytesMax: number;
  readonly fetchWaitMs: number;
  /** Between a fetch that brought few records and the next one, unless the task asks for more before that. */
  readonly fetchPauseMs: number;
  /** Steps of one task start at least this far apart unless a full one is waiting. */
  readonly commitIntervalMs: number;
  /** After a step a task rests half as long as the step took, at most this long: under load, steps grow instead of piling up. */
  readonly restMsMax: number;
  /** Positions are published for lag tools at most this often under load, and this long after a task fell idle. */
  readonly positionsIntervalMs: number;
  readonly positionsIdleMs: number;
  /** The broker aborts a transaction of ours that lasts longer. */
  readonly transactionTimeoutMs: number;
  /** Pause before a task is acquired again after broker trouble, doubling up to the maximum. */
  readonly retryPauseMs: number;
  readonly retryPauseMaxMs: number;
  /** An unknown schema id is asked for this often, this far apart, before its record is held. */
  readonly schemaAttemptsMax: number;
  readonly schemaPauseMs: number;
}

export const LIMITS: Limits = {
  stepRecordsMax: 2_000,
  stepBytesMax: 2 * 1024 * 1024,
  stepTakesMax: 4,
  decodedMax: 150_000,
  inboxRecordsMax: 8_000,
  inboxBytesMax: 16 * 1024 * 1024,
  fetchBytesMax: 4 * 1024 * 1024,
  partitionBytesMax: 512 * 1024,
  fetchWaitMs: 500,
  fetchPauseMs: 25,
  commitIntervalMs: 10,
  restMsMax: 100,
  positionsIntervalMs: 1_000,
  positionsIdleMs: 100,
  transactionTimeoutMs: 15_000,
  retryPauseMs: 20,
  retryPauseMaxMs: 2_000,
  schemaAttemptsMax: 5,
  schemaPauseMs: 200,
};

/**
 * A local cache is thrown away when its last checkpoint is this much older than our barrier, by the broker's time. Deletions
 * stay in a changelog for 36 days (infra/apply/topic-specs.ts): what was deleted since is therefore still read.
 */
export const CACHE_AGE_MAX_MS = 7 * 24 * 60 * 60 * 1_000;

/** How long request ids are remembered: the age limit of a use plus how far ahead of the log it may be stamped. */
export const DEDUP_HORIZON_MS = (35 * 24 * 60 + 5) * 60 * 1_000;
