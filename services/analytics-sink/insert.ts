/**
 * Inserts one block, whatever happens to the server in between, exactly once.
 *
 * Invariants:
 *  1. After an unknown outcome the table is asked first, and only a block that is not there is sent again. The block
 *     and its token are the same each time, so an insert that lands late is dropped by the server. The question makes
 *     us independent of how many tokens the server remembers.
 *  2. A refused block ends the sink; there is no other way out but success or the stop signal.
 */
import type { Block } from './block.ts';
import { type AnalyticsStore, StoreError } from './store.ts';

export interface InsertOptions {
  readonly store: AnalyticsStore;
  /** Pause after the first failure; doubles up to the maximum. */
  readonly retryPauseMs: number;
  readonly retryPauseMaxMs: number;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onTrouble: (block: Block, error: StoreError) => void;
}

export async function insertUntilKnown(
  block: Block,
  options: InsertOptions,
  signal: AbortSignal,
): Promise<'landed' | 'stopped'> {
  let pauseMs = options.retryPauseMs;
  let isFirst = true;
  while (!signal.aborted) {
    try {
      if (isFirst || !(await options.store.holds(block))) await options.store.insert(block);
      return 'landed';
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind === 'refused') throw error;
      options.onTrouble(block, error);
    }
    isFirst = false;
    await options.pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, options.retryPauseMaxMs);
  }
  return 'stopped';
}
