// Generated from state/rating-suspended-use.avsc by npm run generate; do not edit.
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** An admitted use whose price is still missing (C7). */
export interface SuspendedUse {
  readonly requestId: string;
  readonly accountId: AccountId;
  readonly provider: string;
  readonly model: string;
  readonly serviceTier: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  readonly projectId: string | null;
  readonly costCentre: string;
  readonly apiKeyId: string;
  readonly occurredAt: Instant;
  /** The queues it stands in. */
  readonly waits: readonly SuspenseWait[];
}

export interface SuspenseWait {
  readonly thing: string;
  readonly slot: number;
}
