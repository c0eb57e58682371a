/**
 * What a use must satisfy by itself, before anybody asks whether it was seen before.
 *
 * Job: the stateless half of admission. The gateway asks it to answer a producer at once, the runtime asks it for every
 * record of usage-events, because producers may write to the topic directly; `usage-check.ts` answers where nothing is wrong.
 *
 * Boundary: pure. Time is the append time that the caller gives: the broker's in the runtime, the gateway's clock at
 * the edge. Duplicates and conflicts need a window of ids and are found in topology/.
 *
 * Invariants:
 *  1. Problems come in the order of precedence of `refusals.ts`; the first one is the verdict.
 *  2. The verdict depends on the arguments alone, so every service reaches the same one.
 *  3. An event that passes can be summed thousands of times without leaving the exact integers.
 */
import type { UsageEvent } from './generated/usage-event.ts';
import { accountIdProblem, idProblem, isAccountId, isId } from './ids.ts';
import { formatInstant, type Instant, parseInstant } from './instant.ts';
import type { RefusalCode } from './refusals.ts';
import { quoted } from './value-error.ts';

export interface UsageProblem {
  readonly code: RefusalCode;
  readonly field: string;
  readonly message: string;
}

export const USAGE_LIMITS = {
  /** A use without the backfill mark may be this much older than its append time. */
  ageMaxMs: 35 * 24 * 60 * 60 * 1_000,
  /** A sender's clock may be this far ahead. */
  aheadMaxMs: 5 * 60 * 1_000,
  plausibleFrom: parseInstant('2020-01-01T00:00:00Z'),
  /** Far above any real use, and far enough below 2^53 that a period's sum stays exact. */
  countMax: 1_000_000_000_000,
  /** The largest whole number that every reader and writer of ours keeps exactly. */
  sequenceMax: 2 ** 53 - 2,
  textLengthMax: 1_024,
} as const;

/** The closed lists of a use; the schema's documentation names the same values. */
export const USAGE_VALUES = {
  kind: ['model', 'tool', 'gpu', 'retrieval', 'judge', 'human_review', 'observability'],
  status: ['success', 'error'],
  serviceTier: ['standard', 'priority', 'flex', 'batch'],
  cacheStatus: ['hit', 'miss', 'bypass', 'none'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

interface Arrival {
  readonly appendedAt: Instant;
  readonly key: string | null;
}

type Report = (field: keyof UsageEvent | 'key', message: string) => void;

interface UsageRule {
  readonly code: RefusalCode;
  readonly check: (event: UsageEvent, report: Report, arrival: Arrival) => void;
}

const IDS = ['requestId', 'apiKeyId', 'projectId', 'sessionId', 'traceId', 'sourceId'] as const;

/** Mandatory tags (U2), and the two names without which nothing can be priced. */
const TAGS = [
  'traceId',
  'businessUnit',
  'costCentre',
  'useCase',
  'workflowStep',
  'riskTier',
  'environment',
  'userRole',
  'routePolicyVersion',
  'cacheStatus',
  'businessOutcomeId',
  'provider',
  'model',
] as const;

const FREE_TEXTS = [...TAGS, 'errorCode'] as const;

const COUNTS = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
  'calls',
  'characters',
  'gpuMillis',
  'latencyMs',
] as const;

const RULES: readonly UsageRule[] = [
  { code: 'key_mismatch', check: checkKey },
  { code: 'invalid_id', check: checkIds },
  { code: 'missing_tag', check: checkTags },
  { code: 'invalid_kind', check: (event, report) => checkListed('kind', event, report) },
  { code: 'invalid_status', check: (event, report) => checkListed('status', event, report) },
  { code: 'invalid_value', check: checkValues },
  { code: 'negative_count', check: checkNegative },
  { code: 'count_out_of_range', check: checkRange },
  { code: 'cached_tokens_exceed_input', check: checkCached },
  { code: 'reasoning_tokens_exceed_output', check: checkReasoning },
  { code: 'timestamp_implausible', check: checkPlausible },
  { code: 'timestamp_in_future', check: checkFuture },
  { code: 'timestamp_too_old', check: checkAge },
];

/** Everything that is wrong with one use, in order of precedence; of each field only the first. */
export function usageProblems(
  event: UsageEvent,
  appendedAt: Instant,
  key: string | null,
): readonly UsageProblem[] {
  const problems: UsageProblem[] = [];
  const arrival = { appendedAt, key };
  let code: RefusalCode = 'key_mismatch';
  const report: Report = (field, message) => {
    const isKnown = problems.some((problem) => problem.field === field);
    if (!isKnown) problems.push({ code, field, message });
  };
  for (const rule of RULES) {
    code = rule.code;
    rule.check(event, report, arrival);
  }
  return problems;
}

function checkKey(event: UsageEvent, report: Report, { key }: Arrival): void {
  if (key === null || key === event.accountId) return;
  report('key', `the record key ${quoted(key)} is not the account id ${quoted(event.accountId)}`);
}

function checkIds(event: UsageEvent, report: Report): void {
  if (!isAccountId(event.accountId)) report('accountId', accountIdProblem(event.accountId));
  for (const field of IDS) {
    const id = event[field];
    // An empty trace is a missing tag, which says more.
    if (id === null || isId(id) || (field === 'traceId' && id === '')) continue;
    report(field, idProblem(field, id));
  }
}

function checkTags(event: UsageEvent, report: Report): void {
  for (const field of TAGS) {
    const text = event[field];
    if (text !== null && isBlank(text)) report(field, `${field} is empty`);
  }
}

/** Almost every text begins with a character that can be seen. */
export function isBlank(text: string): boolean {
  const first = text.charCodeAt(0);
  return !(first > 0x20 && first < 0x7f) && text.trim() === '';
}

function checkListed(field: keyof typeof USAGE_VALUES, event: UsageEvent, report: Report): void {
  const allowed: readonly string[] = USAGE_VALUES[field];
  if (!allowed.includes(event[field])) {
    report(field, `${quoted(event[field])} is not one of ${allowed.join(', ')}`);
  }
}

function checkValues(event: UsageEvent, report: Report): void {
  checkListed('serviceTier', event, report);
  if (!isBlank(event.cacheStatus)) checkListed('cacheStatus', event, report);
  for (const field of FREE_TEXTS) {
    const text = event[field];
    if (text === null) continue;
    if (text.length > USAGE_LIMITS.textLengthMax) {
      report(field, `${field} has ${text.length} characters; at most ${USAGE_LIMITS.textLengthMax} are kept`);
    }
    if (!text.isWellFormed()) report(field, `${field} has half a character, which UTF-8 cannot keep`);
  }
}

function checkNegative(event: UsageEvent, report: Report): void {
  for (const field of COUNTS) {
    if (event[field] < 0) report(field, `${field} is ${event[field]}`);
  }
  if (event.sourceSequence !== null && event.sourceSequence < 0) {
    report('sourceSequence', `sourceSequence is ${event.sourceSequence}`);
  }
}

function checkRange(event: UsageEvent, report: Report): void {
  for (const field of COUNTS) {
    const count = event[field];
    if (count > USAGE_LIMITS.countMax || !Number.isSafeInteger(count)) {
      report(field, `${field} is ${count}; a count is a whole number up to ${USAGE_LIMITS.countMax}`);
    }
  }
  const { sourceSequence } = event;
  if (sourceSequence === null) return;
  if (sourceSequence > USAGE_LIMITS.sequenceMax || !Number.isInteger(sourceSequence)) {
    const most = USAGE_LIMITS.sequenceMax;
    report('sourceSequence', `sourceSequence is ${sourceSequence}; it is a whole number up to ${most}`);
  }
}

function checkCached(event: UsageEvent, report: Report): void {
  const cached = event.cacheReadTokens + event.cacheWriteTokens;
  if (cached <= event.inputTokens || event.inputTokens < 0) return;
  report('cacheReadTokens', `${cached} cached tokens are more than the ${event.inputTokens} input tokens`);
}

function checkReasoning(event: UsageEvent, report: Report): void {
  if (event.reasoningTokens <= event.outputTokens || event.outputTokens < 0) return;
  const message = `${event.reasoningTokens} reasoning tokens are more than the ${event.outputTokens} output tokens`;
  report('reasoningTokens', message);
}

function checkPlausible(event: UsageEvent, report: Report): void {
  if (event.occurredAt >= USAGE_LIMITS.plausibleFrom) return;
  report(
    'occurredAt',
    `${formatInstant(event.occurredAt)} is before ${formatInstant(USAGE_LIMITS.plausibleFrom)}`,
  );
}

function checkFuture(event: UsageEvent, report: Report, { appendedAt }: Arrival): void {
  if (event.occurredAt - appendedAt <= USAGE_LIMITS.aheadMaxMs) return;
  const times = `${formatInstant(event.occurredAt)}, received at ${formatInstant(appendedAt)}`;
  report('occurredAt', `${times}, is more than five minutes ahead`);
}

function checkAge(event: UsageEvent, report: Report, { appendedAt }: Arrival): void {
  if (event.backfill || appendedAt - event.occurredAt <= USAGE_LIMITS.ageMaxMs) return;
  const times = `${formatInstant(event.occurredAt)}, received at ${formatInstant(appendedAt)}`;
  report('occurredAt', `${times}, is more than 35 days old`);
}
