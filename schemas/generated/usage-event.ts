// Generated from records/usage-event.avsc by npm run generate; do not edit.
import type { AccountId } from '../ids.ts';
import type { Instant } from '../instant.ts';

/** One measured consumption, sent after the answer and never on the request path (U1, U2). */
export interface UsageEvent {
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
  /** Producer instance, new at each start; with sourceSequence it makes loss visible (U4). No part of what the use is. */
  readonly sourceId: string | null;
  /** Number of this send among all sends of the instance: 1, 2, 3 ... without gaps. */
  readonly sourceSequence: number | null;
  /** Marked backfill: exempt from the age limit (U6). */
  readonly backfill: boolean;
  /** When the producer handed the event to its client, by the producer's clock; the ingest delay counts from here (U4). */
  readonly sentAt: Instant | null;
}
