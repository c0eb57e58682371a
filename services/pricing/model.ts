/**
 * The words of pricing: what is measured, what a model costs at one tier, what comes out.
 *
 * Boundary: types and their closed lists. Nothing here knows an account, a contract or a topic.
 */
import type { Amount } from '../../schemas/amount.ts';

export const TOKEN_CLASSES = [
  'input',
  'output',
  'cache_read',
  'cache_write',
  'cache_write_1h',
  'reasoning',
] as const;

export type TokenClass = (typeof TOKEN_CLASSES)[number];

/** The part of a use that token prices look at. A usage event is one. */
export interface TokenUse {
  readonly serviceTier: string;
  /** The total prompt, cached and written tokens included. */
  readonly inputTokens: number;
  /** The total answer, reasoning included. */
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  /** Part of `cacheWriteTokens` kept for an hour; usage events do not tell the lifetimes apart. */
  readonly cacheWrite1hTokens?: number;
  readonly reasoningTokens: number;
}

/**
 * Unit prices of one model for one service tier and prompt size, every fall-back already applied.
 * Null for a cache class: billed as input. Null for reasoning: billed as output. Null for input or output: no price.
 */
export interface ModelRates {
  readonly input: Amount | null;
  readonly output: Amount | null;
  readonly cacheRead: Amount | null;
  readonly cacheWrite: Amount | null;
  readonly cacheWrite1h: Amount | null;
  readonly reasoning: Amount | null;
}

export interface PricedComponent {
  readonly tokenClass: TokenClass;
  readonly quantity: number;
  readonly unitPrice: Amount;
  readonly amount: Amount;
}
