/**
 * Job: turn a trace of requests into uses: who they belong to, which model answered, and when, counted back from a
 * given end.
 *
 * Boundary: reads a file and nothing else; no clock and no randomness. Traces hold sizes and times of arrival only, so
 * account, model, tags and latency are assigned, and the latency is an estimate.
 *
 * Invariants:
 *  1. The same file and the same assignment give the same uses, ids included; another seed gives other ids, because
 *     the same id with another account would be another fact.
 *  2. The last arrival falls on `endsAt`; distances between arrivals are those of the trace, to the millisecond.
 */
import { hash } from 'node:crypto';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import type { AccountId } from '../../schemas/ids.ts';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import { traceRequests } from './trace-file.ts';
import { TraceError } from './trace-lines.ts';
import type { TraceRequest } from './trace-request.ts';

export interface TraceAssignment {
  /** Begins every request id; two traces imported side by side need two names. */
  readonly name: string;
  readonly seed: number;
  readonly accounts: readonly AccountId[];
  readonly models: readonly { readonly provider: string; readonly model: string }[];
  readonly endsAt: Instant;
}

const LATENCY_BASE_MS = 120;
const LATENCY_PER_OUTPUT_TOKEN_MS = 25;
const INPUT_TOKENS_PER_LATENCY_MS = 20;
const REQUESTS_PER_TRACE = 3;
const COST_CENTRES = 4;

const TAGS = {
  businessUnit: 'trace-import',
  workflowStep: 'answer',
  riskTier: 'low',
  environment: 'production',
  userRole: 'customer',
  routePolicyVersion: 'trace-1',
} as const satisfies Partial<UsageEvent>;

/** Reads the file twice: once for the last arrival, once for the uses. */
export async function* usagesOfTrace(path: string, assignment: TraceAssignment): AsyncGenerator<UsageEvent> {
  const { accounts, models, endsAt } = assignment;
  if (accounts.length === 0 || models.length === 0) throw new TypeError('a trace needs accounts and models');
  const shiftMs = endsAt - (await lastArrival(path));
  let index = 0;
  for await (const request of traceRequests(path)) {
    yield usageOf(request, { assignment, index, occurredAt: instantOfMillis(request.arrivedMs + shiftMs) });
    index += 1;
  }
}

async function lastArrival(path: string): Promise<number> {
  let last: number | null = null;
  for await (const { arrivedMs } of traceRequests(path)) last = Math.max(last ?? arrivedMs, arrivedMs);
  if (last === null) throw new TraceError(path, null, 'the file holds no requests');
  return last;
}

interface Place {
  readonly assignment: TraceAssignment;
  readonly index: number;
  readonly occurredAt: Instant;
}

function usageOf(request: TraceRequest, { assignment, index, occurredAt }: Place): UsageEvent {
  const { name, seed } = assignment;
  const draw = hash('sha256', `${name}/${seed}/${index}`, 'buffer');
  const accountId = pick(assignment.accounts, draw.readUInt32BE(0));
  const { provider, model } = pick(assignment.models, draw.readUInt32BE(4));
  const { inputTokens, outputTokens, cachedTokens } = request;
  return {
    ...TAGS,
    requestId: `${name}-${seed}-${String(index).padStart(8, '0')}`,
    accountId,
    projectId: null,
    apiKeyId: `key-${accountId}`,
    kind: 'model',
    provider,
    model,
    serviceTier: 'standard',
    inputTokens,
    outputTokens,
    cacheReadTokens: cachedTokens ?? 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    calls: 1,
    characters: 0,
    gpuMillis: 0,
    latencyMs:
      LATENCY_BASE_MS +
      outputTokens * LATENCY_PER_OUTPUT_TOKEN_MS +
      Math.floor(inputTokens / INPUT_TOKENS_PER_LATENCY_MS),
    status: 'success',
    errorCode: null,
    occurredAt,
    sessionId: null,
    traceId: `${name}-${seed}-trace-${Math.floor(index / REQUESTS_PER_TRACE)}`,
    costCentre: `cc-${draw.readUInt32BE(8) % COST_CENTRES}`,
    useCase: name,
    cacheStatus: cacheStatusOf(cachedTokens),
    businessOutcomeId: null,
    sourceId: `${name}-${seed}`,
    sourceSequence: index + 1,
    backfill: false,
    sentAt: null,
  };
}

function cacheStatusOf(cachedTokens: number | null): string {
  if (cachedTokens === null) return 'none';
  return cachedTokens > 0 ? 'hit' : 'miss';
}

function pick<T>(items: readonly T[], draw: number): T {
  const item = items[draw % items.length];
  if (item === undefined) throw new TypeError('there is nothing to pick from');
  return item;
}
