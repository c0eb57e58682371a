/**
 * Inserts one shipment, whatever happens to the server in between, exactly once.
 *
 * Invariants:
 *  1. After an unknown outcome the table is asked first, and only a shipment that is not there is sent again. Its blocks
 *     and its token are the same each time, so an insert that lands late is dropped by the server. The question makes
 *     us independent of how many tokens the server remembers, and one block answers it for all: they land together.
 *  2. A refused shipment ends the sink; there is no other way out but success or the stop signal.
 */
import type { Shipment } from './shipment.ts';
import { type AnalyticsStore, StoreError } from './store.ts';

export interface InsertOptions {
  readonly store: AnalyticsStore;
  /** Pause after the first failure; doubles up to the maximum. */
  readonly retryPauseMs: number;
  readonly retryPauseMaxMs: number;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onTrouble: (error: StoreError) => void;
}

export async function insertUntilKnown(
  shipment: Shipment,
  options: InsertOptions,
  signal: AbortSignal,
): Promise<'landed' | 'stopped'> {
  let pauseMs = options.retryPauseMs;
  let isFirst = true;
  while (!signal.aborted) {
    try {
      if (isFirst || !(await options.store.holds(shipment[0]))) await options.store.insert(...shipment);
      return 'landed';
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind === 'refused') throw error;
      options.onTrouble(error);
    }
    isFirst = false;
    await options.pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, options.retryPauseMaxMs);
  }
  return 'stopped';
}
