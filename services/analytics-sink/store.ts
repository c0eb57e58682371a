/**
 * The port to the analytics store: what the sink needs of ClickHouse.
 *
 * Invariants every implementation holds:
 *  1. One `insert` is all or nothing, and the same blocks inserted again shortly afterwards change nothing.
 *  2. After `settle` no insert of an earlier sink can still land, so positions read afterwards are final.
 */
import type { Block } from './block.ts';
import type { Shipment } from './shipment.ts';

export interface StoredPosition {
  readonly topic: string;
  readonly partition: number;
  /** The largest offset stored, plus one. */
  readonly nextOffset: number;
}

export interface AnalyticsStore {
  /** Rejects with a `StoreError`; the outcome is unknown unless it says `refused`. */
  insert(...blocks: Shipment): Promise<void>;
  positions(table: string): Promise<readonly StoredPosition[]>;
  /** Whether the block is in its table already, and with it all that it travelled with. */
  holds(block: Block): Promise<boolean>;
  settle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * `unknown`: it may have happened or not; the same blocks may be sent again.
 * `refused`: the store will refuse it every time (a row it cannot read, a table that is not there, no permission).
 */
export type StoreErrorKind = 'unknown' | 'refused';

export class StoreError extends Error {
  readonly kind: StoreErrorKind;

  constructor(kind: StoreErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StoreError';
    this.kind = kind;
  }
}
