// Generated from state/price-book-index.avsc by npm run generate; do not edit.
import type { Instant } from '../instant.ts';

/** Which versions of which price books a task has read, complete or not. */
export interface PriceBookIndex {
  readonly versions: readonly PriceBookVersion[];
}

export interface PriceBookVersion {
  readonly priceBookId: string;
  readonly version: number;
  /** cost or customer. */
  readonly purpose: string;
  readonly currency: string;
  readonly effectiveAt: Instant;
  readonly parts: number;
  /** Part numbers that have arrived, ascending. The version is in force once all have. */
  readonly read: readonly number[];
}
