// Generated from records/cost-event.avsc by npm run generate; do not edit.
import type { Amount } from '../amount.ts';
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** What an admitted use cost us, by component, with price version and allocation method (C1-C7). */
export interface CostEvent {
  /** Unique per account. The same id with another payload is refused as a conflict (U6). */
  readonly requestId: string;
  /** Who pays; also the record key. */
  readonly accountId: AccountId;
  readonly projectId: string | null;
  readonly apiKeyId: string;
  /** model, tool, gpu, retrieval, judge, human_review or observability. */
  readonly kind: string;
  readonly provider: string;
  /** The model that answered. */
  readonly model: string;
  /** standard, priority, flex or batch. */
  readonly serviceTier: string;
  /** Total prompt tokens, cached and written ones included. */
  readonly inputTokens: number;
  /** Total answer tokens, reasoning included. */
  readonly outputTokens: number;
  /** Part of inputTokens served from a cache. */
  readonly cacheReadTokens: number;
  /** Part of inputTokens written to a cache. */
  readonly cacheWriteTokens: number;
  /** Part of outputTokens. */
  readonly reasoningTokens: number;
  readonly calls: number;
  readonly characters: number;
  readonly gpuMillis: number;
  readonly latencyMs: number;
  /** success or error. */
  readonly status: string;
  readonly errorCode: string | null;
  /** When the use happened, in the world. */
  readonly occurredAt: Instant;
  readonly sessionId: string | null;
  /** Trace of the call (U2). */
  readonly traceId: string;
  readonly businessUnit: string;
  readonly costCentre: string;
  readonly useCase: string;
  readonly workflowStep: string;
  readonly riskTier: string;
  readonly environment: string;
  readonly userRole: string;
  readonly routePolicyVersion: string;
  /** hit, miss, bypass or none. */
  readonly cacheStatus: string;
  /** The case, lead or document this use works towards; null where none is known. */
  readonly businessOutcomeId: string | null;
  /** Append time of the usage event. */
  readonly recordedAt: Instant;
  readonly costEventId: string;
  /** The cost event in suspense that this one completes (C7); null on the first. */
  readonly amends: string | null;
  /** priced or suspense (C7). */
  readonly costStatus: string;
  readonly suspenseReason: string | null;
  readonly components: readonly CostComponent[];
  readonly amount: Amount;
  readonly currency: string;
  /** What the cached tokens would have cost more as fresh input. */
  readonly cacheSavings: Amount;
  readonly priceBookId: string | null;
  readonly priceBookVersion: number | null;
  /** direct. */
  readonly allocationMethod: string;
  readonly cause: Cause;
  /** Producer instance that sent the use (U4). */
  readonly sourceId: string | null;
  /** Number of the use at that instance. */
  readonly sourceSequence: number | null;
  /** When the producer handed the use to its client, by the producer's clock. */
  readonly sentAt: Instant | null;
}

export interface CostComponent {
  readonly tokenClass: string;
  readonly quantity: number;
  readonly unitPrice: Amount;
  readonly amount: Amount;
}

/** The input record that led to this one; any amount can be walked back along causes. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
