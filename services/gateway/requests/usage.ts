/**
 * POST /v1/usage: one use of a model, tool, GPU or other resource (U1, U2).
 *
 * Job: read the fields, then ask the same rules that every service asks (`schemas/usage-rules.ts`), so a producer learns
 * at once what would be refused later. Duplicates and conflicts show only in the log.
 *
 * Invariant: a field that cannot be read does not hide what the rules say about the others.
 */
import { z } from 'zod';
import type { UsageEvent } from '../../../schemas/generated/usage-event.ts';
import type { Instant } from '../../../schemas/instant.ts';
import { usageProblems } from '../../../schemas/usage-rules.ts';
import { instant, wholeNumber } from './number-fields.ts';
import { type FieldProblem, problemsOf, type ReadRequest } from './read-request.ts';
import { accountId } from './text-fields.ts';

/** Content is judged by the rules, so here a text is any text and a count any whole number. */
const words = z.string();
const count = wholeNumber.default(0);

const usage = z.strictObject({
  requestId: words,
  accountId,
  projectId: words.nullable().default(null),
  apiKeyId: words,
  kind: words.default('model'),
  provider: words,
  model: words,
  serviceTier: words.default('standard'),
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: count,
  cacheWriteTokens: count,
  reasoningTokens: count,
  calls: wholeNumber.default(1),
  characters: count,
  gpuMillis: count,
  latencyMs: wholeNumber,
  status: words,
  errorCode: words.nullable().default(null),
  occurredAt: instant,
  sessionId: words.nullable().default(null),
  traceId: words,
  businessUnit: words,
  costCentre: words,
  useCase: words,
  workflowStep: words,
  riskTier: words,
  environment: words,
  userRole: words,
  routePolicyVersion: words,
  cacheStatus: words,
  businessOutcomeId: words.nullable().default(null),
  sourceId: words.nullable().default(null),
  sourceSequence: wholeNumber.nullable().default(null),
  backfill: z.boolean().default(false),
  sentAt: instant.nullable().default(null),
});

/** Rules that compare two fields say nothing when one of them could not be read. */
const COMPARED: ReadonlyMap<string, readonly string[]> = new Map([
  ['cached_tokens_exceed_input', ['inputTokens', 'cacheReadTokens', 'cacheWriteTokens']],
  ['reasoning_tokens_exceed_output', ['outputTokens', 'reasoningTokens']],
]);

/** Values that no rule complains of, for fields that could not be read. */
const HARMLESS: Readonly<Record<Exclude<keyof UsageEvent, 'occurredAt'>, unknown>> = {
  requestId: '-',
  accountId: '-',
  projectId: null,
  apiKeyId: '-',
  kind: 'model',
  provider: '-',
  model: '-',
  serviceTier: 'standard',
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  calls: 0,
  characters: 0,
  gpuMillis: 0,
  latencyMs: 0,
  status: 'success',
  errorCode: null,
  sessionId: null,
  traceId: '-',
  businessUnit: '-',
  costCentre: '-',
  useCase: '-',
  workflowStep: '-',
  riskTier: '-',
  environment: '-',
  userRole: '-',
  routePolicyVersion: '-',
  cacheStatus: 'none',
  businessOutcomeId: null,
  sourceId: null,
  sourceSequence: null,
  backfill: false,
  sentAt: null,
};

export function readUsage(input: unknown, receivedAt: Instant): ReadRequest {
  const result = usage.safeParse(input);
  if (result.success) {
    const problems = usageProblems(result.data, receivedAt, null);
    if (problems.length > 0) return { ok: false, problems };
    return { ok: true, publications: [{ topic: 'usage-events', value: result.data }] };
  }
  const unread = problemsOf(result.error, input);
  return { ok: false, problems: [...unread, ...problemsOfTheRest(input, unread, receivedAt)] };
}

/** Puts harmless values where reading failed, and keeps what the rules say about the other fields. */
function problemsOfTheRest(
  input: unknown,
  unread: readonly FieldProblem[],
  receivedAt: Instant,
): readonly FieldProblem[] {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) return [];
  const failed = new Set(unread.map(({ field }) => field));
  const harmless: Readonly<Record<string, unknown>> = { ...HARMLESS, occurredAt: receivedAt };
  const mended: Record<string, unknown> = {};
  for (const name of Object.keys(harmless)) {
    mended[name] = failed.has(name) ? harmless[name] : Reflect.get(input, name);
  }
  const result = usage.safeParse(mended);
  if (!result.success) return [];
  return usageProblems(result.data, receivedAt, null).filter(
    ({ code, field }) => !(COMPARED.get(code) ?? [field]).some((name) => failed.has(name)),
  );
}
