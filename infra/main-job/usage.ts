/**
 * The uses of the main job, in order of time, with everything that goes wrong in real feeds mixed in.
 *
 * Boundary: pure and seeded. Each item says what must become of it, so the proof can compare what happened with what
 * was sent without asking any service.
 *
 * Invariants:
 *  1. A duplicate or conflict follows its original, at most RECENT uses later.
 *  2. Refused events never carry the id of an accepted one, so their order does not matter.
 */
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { draw, WORKLOADS } from './distributions.ts';
import { LATE_MODEL, MODELS, UNPRICED_MODEL } from './models.ts';
import { Random } from './random.ts';
import type { Customer, JobPlan } from './world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const SPAN_MS = 30 * DAY_MS;
const RECENT = 2_000;

export interface UsageItem {
  readonly event: UsageEvent;
  /** `accepted`, `duplicate`, `conflict` or the code of the refusal. */
  readonly fate: string;
}

/** Turns an acceptable event into one that admission must refuse with this code (U6, Q4). */
const SPOILERS: Readonly<Record<string, (event: UsageEvent, plan: JobPlan) => UsageEvent>> = {
  missing_tag: (event) => ({ ...event, costCentre: '' }),
  invalid_kind: (event) => ({ ...event, kind: 'telepathy' }),
  negative_count: (event) => ({ ...event, outputTokens: -1 }),
  cached_tokens_exceed_input: (event) => ({ ...event, cacheReadTokens: event.inputTokens + 1 }),
  timestamp_implausible: (event) => ({ ...event, occurredAt: instantOfMillis(0) }),
  timestamp_too_old: (event, plan) => ({ ...event, occurredAt: instantOfMillis(plan.anchor - 36 * DAY_MS) }),
  timestamp_in_future: (event, plan) => ({
    ...event,
    occurredAt: instantOfMillis(plan.anchor + 3_650 * DAY_MS),
  }),
};

/** Mixes repeats, conflicts and refusals into uses that are in order of time. */
export function* disturbed(plan: JobPlan, uses: Iterable<UsageEvent>): Generator<UsageItem> {
  const random = new Random(plan.seed + 1);
  const spoilers = Object.entries(SPOILERS);
  const recent: UsageEvent[] = [];
  let spoiled = 0;
  for (const event of uses) {
    yield { event, fate: 'accepted' };
    if (recent.length < RECENT) recent.push(event);
    else recent[random.below(RECENT)] = event;
    if (random.chance(10)) yield { event: random.pick(recent), fate: 'duplicate' };
    if (random.chance(1)) {
      const original = random.pick(recent);
      yield { event: { ...original, outputTokens: original.outputTokens + 1 }, fate: 'conflict' };
    }
    if (random.chance(1)) {
      const [code, spoil] = random.pick(spoilers);
      spoiled += 1;
      yield { event: spoil({ ...event, requestId: `spoiled-${spoiled}` }, plan), fate: code };
    }
  }
}

/** Uses drawn from the traces' distributions, spread over the thirty days before the anchor. */
export function* generatedUses(plan: JobPlan, customers: readonly Customer[]): Generator<UsageEvent> {
  const random = new Random(plan.seed);
  for (let index = 0; index < plan.usageEvents; index += 1) {
    const at = plan.anchor - SPAN_MS - MINUTE_MS + Math.floor((SPAN_MS * (index + 1)) / plan.usageEvents);
    yield generatedUse({ index, at, customers, random });
  }
}

function generatedUse(draws: {
  readonly index: number;
  readonly at: number;
  readonly customers: readonly Customer[];
  readonly random: Random;
}): UsageEvent {
  const { index, random } = draws;
  const { account } = draws.customers[random.skewed(draws.customers.length)] ?? random.pick(draws.customers);
  const workload = random.pick(WORKLOADS);
  const inputTokens = draw(workload.inputTokens, random);
  const cacheReadTokens = Math.floor((inputTokens * draw(workload.cachedPercent, random)) / 100);
  const failed = random.chance(15);
  const outputTokens = failed ? 0 : draw(workload.outputTokens, random);
  return {
    requestId: `req-${String(index).padStart(8, '0')}`,
    accountId: account.accountId,
    projectId: `project-${random.below(3)}`,
    apiKeyId: `key-${account.accountId}-${random.below(2)}`,
    kind: 'model',
    ...modelOf(random),
    serviceTier: 'standard',
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    calls: 1,
    characters: 0,
    gpuMillis: 0,
    // A first token after reading the prompt, then about thirty tokens a second, give or take.
    latencyMs: 120 + Math.floor(inputTokens / 20) + outputTokens * (20 + random.below(30)),
    status: failed ? 'error' : 'success',
    errorCode: failed ? random.pick(['rate_limited', 'upstream_timeout', 'overloaded']) : null,
    occurredAt: instantOfMillis(draws.at),
    sessionId: `session-${Math.floor(index / 4)}`,
    ...tags({ index, random, cached: cacheReadTokens > 0, useCase: workload.useCase }),
    // One of two producer instances; the number comes when it is sent.
    sourceId: `generator-${random.below(2)}`,
    sourceSequence: null,
    backfill: false,
    sentAt: null,
  };
}

function modelOf(random: Random): { readonly provider: string; readonly model: string } {
  if (random.chance(2)) return LATE_MODEL;
  if (random.chance(2)) return UNPRICED_MODEL;
  const { provider, model } = random.pick(MODELS);
  return { provider, model };
}

function tags(draws: {
  readonly index: number;
  readonly random: Random;
  readonly cached: boolean;
  readonly useCase: string;
}): Pick<
  UsageEvent,
  | 'traceId'
  | 'businessUnit'
  | 'costCentre'
  | 'useCase'
  | 'workflowStep'
  | 'riskTier'
  | 'environment'
  | 'userRole'
  | 'routePolicyVersion'
  | 'cacheStatus'
  | 'businessOutcomeId'
> {
  const { random } = draws;
  return {
    traceId: `trace-${Math.floor(draws.index / 3)}`,
    businessUnit: random.pick(['sales', 'support', 'engineering', '客服']),
    costCentre: `cc-${100 + random.below(8)}`,
    useCase: draws.useCase,
    workflowStep: random.pick(['plan', 'retrieve', 'answer', 'check']),
    riskTier: random.pick(['low', 'medium', 'high']),
    environment: random.chance(900) ? 'production' : 'staging',
    userRole: random.pick(['agent', 'employee', 'customer']),
    routePolicyVersion: 'route-7',
    cacheStatus: draws.cached ? 'hit' : 'miss',
    businessOutcomeId: random.chance(100) ? `case-${draws.index}` : null,
  };
}
