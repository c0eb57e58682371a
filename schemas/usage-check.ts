/**
 * The verdict on one use, as fast as the busiest topic needs it: almost every use is right, and its fields are looked at once,
 * by name. What is wrong with the others is asked of the rules in `usage-rules.ts`, which alone have words for it.
 *
 * Invariant: `isAcceptable` is true exactly where the rules find no problem, whatever the event holds.
 */
import type { UsageEvent } from './generated/usage-event.ts';
import { isAccountId, isId } from './ids.ts';
import type { Instant } from './instant.ts';
import { isBlank, USAGE_LIMITS, USAGE_VALUES, type UsageProblem, usageProblems } from './usage-rules.ts';

const { kind: KINDS, status: STATUSES, serviceTier: TIERS, cacheStatus: CACHE_STATES } = USAGE_VALUES;
const { ageMaxMs, aheadMaxMs, countMax, plausibleFrom, sequenceMax, textLengthMax } = USAGE_LIMITS;

/** The first problem of a use, or null. `key` is the record key, null where there is none yet. */
export function checkUsage(event: UsageEvent, appendedAt: Instant, key: string | null): UsageProblem | null {
  if (isAcceptable(event, appendedAt, key)) return null;
  return usageProblems(event, appendedAt, key)[0] ?? null;
}

export function isAcceptable(event: UsageEvent, appendedAt: Instant, key: string | null): boolean {
  return (
    (key === null || key === event.accountId) &&
    hasIds(event) &&
    hasTags(event) &&
    hasListedValues(event) &&
    hasCounts(event) &&
    hasTime(event, appendedAt)
  );
}

function hasIds(event: UsageEvent): boolean {
  return (
    isAccountId(event.accountId) &&
    isId(event.requestId) &&
    isId(event.apiKeyId) &&
    isIdOrNull(event.projectId) &&
    isIdOrNull(event.sessionId) &&
    isId(event.traceId) &&
    isIdOrNull(event.sourceId)
  );
}

function hasTags(event: UsageEvent): boolean {
  return (
    isTag(event.businessUnit) &&
    isTag(event.costCentre) &&
    isTag(event.useCase) &&
    isTag(event.workflowStep) &&
    isTag(event.riskTier) &&
    isTag(event.environment) &&
    isTag(event.userRole) &&
    isTag(event.routePolicyVersion) &&
    isTag(event.provider) &&
    isTag(event.model) &&
    (event.businessOutcomeId === null || isTag(event.businessOutcomeId)) &&
    (event.errorCode === null || isKept(event.errorCode))
  );
}

function hasListedValues(event: UsageEvent): boolean {
  return (
    isListed(event.kind, KINDS) &&
    isListed(event.status, STATUSES) &&
    isListed(event.serviceTier, TIERS) &&
    isListed(event.cacheStatus, CACHE_STATES)
  );
}

function hasCounts(event: UsageEvent): boolean {
  return (
    isCount(event.inputTokens) &&
    isCount(event.outputTokens) &&
    isCount(event.cacheReadTokens) &&
    isCount(event.cacheWriteTokens) &&
    isCount(event.reasoningTokens) &&
    isCount(event.calls) &&
    isCount(event.characters) &&
    isCount(event.gpuMillis) &&
    isCount(event.latencyMs) &&
    (event.sourceSequence === null || isWholeUpTo(event.sourceSequence, sequenceMax)) &&
    event.cacheReadTokens + event.cacheWriteTokens <= event.inputTokens &&
    event.reasoningTokens <= event.outputTokens
  );
}

function hasTime({ occurredAt, backfill }: UsageEvent, appendedAt: Instant): boolean {
  return (
    occurredAt >= plausibleFrom &&
    occurredAt - appendedAt <= aheadMaxMs &&
    (backfill || appendedAt - occurredAt <= ageMaxMs)
  );
}

function isIdOrNull(id: string | null): boolean {
  return id === null || isId(id);
}

function isTag(text: string): boolean {
  return !isBlank(text) && isKept(text);
}

function isKept(text: string): boolean {
  return text.length <= textLengthMax && text.isWellFormed();
}

function isListed(value: string, allowed: readonly string[]): boolean {
  return allowed.includes(value);
}

function isCount(count: number): boolean {
  return isWholeUpTo(count, countMax);
}

function isWholeUpTo(value: number, max: number): boolean {
  return value >= 0 && value <= max && Number.isInteger(value);
}
