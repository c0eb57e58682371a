// Generated from records/price-book.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { Instant } from '../instant.ts';

/** One part of one version of a set of prices. A version is in force only when all its parts are read (C1). */
export interface PriceBook {
  readonly priceBookId: string;
  readonly version: number;
  /** cost (what providers charge us) or customer. */
  readonly purpose: string;
  readonly currency: string;
  readonly effectiveAt: Instant;
  readonly part: number;
  readonly parts: number;
  readonly prices: readonly ModelPrice[];
}

export interface ModelPrice {
  readonly provider: string;
  readonly model: string;
  readonly rates: readonly TokenRate[];
}

export interface TokenRate {
  /** input, output, cache_read, cache_write, cache_write_1h or reasoning. */
  readonly tokenClass: string;
  /** standard, priority, flex or batch. */
  readonly serviceTier: string;
  /** 0 is the base rate; otherwise it holds for the whole request when the total prompt passes this size. */
  readonly abovePromptTokens: number;
  /** Whether a prompt of exactly that size is already above. */
  readonly boundaryIncluded: boolean;
  readonly pricePerToken: Amount;
}
