import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { parseAccountId } from '../../schemas/ids.ts';
import { type Instant, instantOfMillis, parseInstant } from '../../schemas/instant.ts';
import { REFUSALS } from '../../schemas/refusals.ts';
import { checkUsage, isAcceptable } from '../../schemas/usage-check.ts';
import { USAGE_LIMITS, USAGE_VALUES, usageProblems } from '../../schemas/usage-rules.ts';

const now = parseInstant('2026-03-10T12:00:00Z');
const longText = 'x'.repeat(USAGE_LIMITS.textLengthMax);

const good: UsageEvent = {
  requestId: 'req-1',
  accountId: parseAccountId('acme'),
  projectId: null,
  apiKeyId: 'key-1',
  kind: 'model',
  provider: 'openai',
  model: 'gpt-5',
  serviceTier: 'standard',
  inputTokens: 1_000,
  outputTokens: 200,
  cacheReadTokens: 600,
  cacheWriteTokens: 400,
  reasoningTokens: 200,
  calls: 1,
  characters: 0,
  gpuMillis: 0,
  latencyMs: 850,
  status: 'success',
  errorCode: null,
  occurredAt: now,
  sessionId: null,
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  businessUnit: 'support',
  costCentre: 'cc-100',
  useCase: 'answer tickets',
  workflowStep: 'draft',
  riskTier: 'low',
  environment: 'production',
  userRole: 'agent',
  routePolicyVersion: 'v3',
  cacheStatus: 'hit',
  businessOutcomeId: null,
  sourceId: null,
  sourceSequence: null,
  backfill: false,
  sentAt: null,
};

function later(ms: number): Instant {
  return instantOfMillis(now + ms);
}

interface Row {
  readonly name: string;
  readonly change: Partial<UsageEvent>;
  readonly key?: string | null;
  readonly code: string;
  readonly field: string;
}

const refused: readonly Row[] = [
  { name: 'the key of another account', change: {}, key: 'other', code: 'key_mismatch', field: 'key' },
  { name: 'an empty key', change: {}, key: '', code: 'key_mismatch', field: 'key' },
  { name: 'an empty request id', change: { requestId: '' }, code: 'invalid_id', field: 'requestId' },
  { name: 'a request id with a space', change: { requestId: 'a b' }, code: 'invalid_id', field: 'requestId' },
  {
    name: 'a request id beyond 256',
    change: { requestId: 'r'.repeat(257) },
    code: 'invalid_id',
    field: 'requestId',
  },
  { name: 'a control character', change: { apiKeyId: 'a\u0000' }, code: 'invalid_id', field: 'apiKeyId' },
  { name: 'a trace that is not ASCII', change: { traceId: '跟踪' }, code: 'invalid_id', field: 'traceId' },
  { name: 'an empty project', change: { projectId: '' }, code: 'invalid_id', field: 'projectId' },
  { name: 'an empty session', change: { sessionId: '' }, code: 'invalid_id', field: 'sessionId' },
  { name: 'an empty source', change: { sourceId: '' }, code: 'invalid_id', field: 'sourceId' },
  { name: 'no trace', change: { traceId: '' }, code: 'missing_tag', field: 'traceId' },
  { name: 'no business unit', change: { businessUnit: '' }, code: 'missing_tag', field: 'businessUnit' },
  { name: 'a blank cost centre', change: { costCentre: ' \t' }, code: 'missing_tag', field: 'costCentre' },
  { name: 'no use case', change: { useCase: '' }, code: 'missing_tag', field: 'useCase' },
  { name: 'no workflow step', change: { workflowStep: '' }, code: 'missing_tag', field: 'workflowStep' },
  { name: 'no risk tier', change: { riskTier: '' }, code: 'missing_tag', field: 'riskTier' },
  { name: 'no environment', change: { environment: '' }, code: 'missing_tag', field: 'environment' },
  { name: 'no user role', change: { userRole: '' }, code: 'missing_tag', field: 'userRole' },
  { name: 'no policy', change: { routePolicyVersion: '' }, code: 'missing_tag', field: 'routePolicyVersion' },
  { name: 'no cache status', change: { cacheStatus: '' }, code: 'missing_tag', field: 'cacheStatus' },
  {
    name: 'an empty outcome',
    change: { businessOutcomeId: '' },
    code: 'missing_tag',
    field: 'businessOutcomeId',
  },
  { name: 'no provider', change: { provider: '' }, code: 'missing_tag', field: 'provider' },
  { name: 'no model', change: { model: '' }, code: 'missing_tag', field: 'model' },
  { name: 'an unknown kind', change: { kind: 'Model' }, code: 'invalid_kind', field: 'kind' },
  { name: 'an unknown status', change: { status: 'ok' }, code: 'invalid_status', field: 'status' },
  { name: 'an unknown tier', change: { serviceTier: 'turbo' }, code: 'invalid_value', field: 'serviceTier' },
  {
    name: 'an unknown cache status',
    change: { cacheStatus: 'warm' },
    code: 'invalid_value',
    field: 'cacheStatus',
  },
  {
    name: 'a tag that is too long',
    change: { useCase: `${longText}x` },
    code: 'invalid_value',
    field: 'useCase',
  },
  { name: 'a long error', change: { errorCode: `${longText}x` }, code: 'invalid_value', field: 'errorCode' },
  { name: 'half a character', change: { useCase: 'a\ud83d' }, code: 'invalid_value', field: 'useCase' },
  { name: 'negative input', change: { inputTokens: -1 }, code: 'negative_count', field: 'inputTokens' },
  { name: 'negative latency', change: { latencyMs: -1 }, code: 'negative_count', field: 'latencyMs' },
  {
    name: 'a negative sequence',
    change: { sourceSequence: -1 },
    code: 'negative_count',
    field: 'sourceSequence',
  },
  {
    name: 'one more than the largest count',
    change: { characters: USAGE_LIMITS.countMax + 1 },
    code: 'count_out_of_range',
    field: 'characters',
  },
  { name: 'half a token', change: { calls: 0.5 }, code: 'count_out_of_range', field: 'calls' },
  {
    name: 'a sequence of 2^53 - 1, which could not be written',
    change: { sourceSequence: Number.MAX_SAFE_INTEGER },
    code: 'count_out_of_range',
    field: 'sourceSequence',
  },
  {
    name: 'more cached than input',
    change: { inputTokens: 999 },
    code: 'cached_tokens_exceed_input',
    field: 'cacheReadTokens',
  },
  {
    name: 'more reasoning than output',
    change: { outputTokens: 199 },
    code: 'reasoning_tokens_exceed_output',
    field: 'reasoningTokens',
  },
  {
    name: 'seconds taken for milliseconds',
    change: { occurredAt: instantOfMillis(1_773_000_000), backfill: true },
    code: 'timestamp_implausible',
    field: 'occurredAt',
  },
  {
    name: 'five minutes and a millisecond ahead',
    change: { occurredAt: later(USAGE_LIMITS.aheadMaxMs + 1) },
    code: 'timestamp_in_future',
    field: 'occurredAt',
  },
  {
    name: 'ahead, as a backfill',
    change: { occurredAt: later(USAGE_LIMITS.aheadMaxMs + 1), backfill: true },
    code: 'timestamp_in_future',
    field: 'occurredAt',
  },
  {
    name: 'older than 35 days',
    change: { occurredAt: later(-USAGE_LIMITS.ageMaxMs - 1) },
    code: 'timestamp_too_old',
    field: 'occurredAt',
  },
];

const accepted: readonly { readonly name: string; readonly change: Partial<UsageEvent> }[] = [
  { name: 'cached tokens equal to the input', change: {} },
  {
    name: 'nothing counted at all',
    change: {
      inputTokens: 0,
      outputTokens: 0,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
      calls: 0,
    },
  },
  { name: 'negative zero', change: { gpuMillis: -0 } },
  { name: 'the largest count', change: { characters: USAGE_LIMITS.countMax } },
  { name: 'the largest sequence', change: { sourceSequence: USAGE_LIMITS.sequenceMax } },
  { name: 'exactly five minutes ahead', change: { occurredAt: later(USAGE_LIMITS.aheadMaxMs) } },
  { name: 'exactly 35 days old', change: { occurredAt: later(-USAGE_LIMITS.ageMaxMs) } },
  { name: 'an old backfill', change: { occurredAt: USAGE_LIMITS.plausibleFrom, backfill: true } },
  { name: 'tags in any script', change: { costCentre: '客服中心', useCase: 'trả lời khách' } },
  { name: 'a tag of the greatest length', change: { useCase: longText } },
  { name: 'an outcome id', change: { businessOutcomeId: 'case 42' } },
];

describe('checkUsage', () => {
  test.each(refused)('$name is refused as $code', ({ change, key, code, field }) => {
    const verdict = checkUsage({ ...good, ...change }, now, key === undefined ? 'acme' : key);
    expect(verdict).toMatchObject({ code, field });
    expect(verdict?.message).not.toBe('');
  });

  test.each(accepted)('$name is accepted', ({ change }) => {
    expect(checkUsage({ ...good, ...change }, now, 'acme')).toBeNull();
  });

  test.each(Object.entries(USAGE_VALUES))('every listed %s is accepted', (field, values) => {
    for (const value of values) expect(checkUsage({ ...good, [field]: value }, now, null)).toBeNull();
  });

  test('without a key only the record is judged', () => {
    expect(checkUsage(good, now, null)).toBeNull();
  });
});

describe('the check that has no words', () => {
  const text = fc.constantFrom(
    '',
    ' ',
    '\u3000',
    'a b',
    '客服',
    '\ud800',
    longText,
    `${longText}x`,
    'x'.repeat(257),
  );
  const number = fc.constantFrom(
    -1,
    -0,
    0,
    1,
    0.5,
    999,
    1_001,
    1e12,
    1e12 + 1,
    2 ** 53 - 2,
    2 ** 53,
    NaN,
    Infinity,
  );
  const time = fc.constantFrom(
    ...[-USAGE_LIMITS.ageMaxMs, USAGE_LIMITS.aheadMaxMs]
      .flatMap((ms) => [ms - 1, ms, ms + 1])
      .map((ms) => later(ms)),
    USAGE_LIMITS.plausibleFrom,
    instantOfMillis(USAGE_LIMITS.plausibleFrom - 1),
  );
  const listed = fc.constantFrom(...Object.values(USAGE_VALUES).flat());

  /** What a field may be changed to: anything of its type, and null where the sample has null. */
  function changesOf(field: keyof UsageEvent): fc.Arbitrary<unknown> {
    if (field === 'occurredAt') return time;
    if (typeof good[field] === 'boolean') return fc.boolean();
    if (field === 'sourceSequence') return fc.option(number);
    if (typeof good[field] === 'number' || field === 'sentAt') return number;
    return good[field] === null ? fc.option(fc.oneof(text, listed)) : fc.oneof(text, listed);
  }

  const fields = Object.keys(good) as (keyof UsageEvent)[];
  const change = fc
    .constantFrom(...fields)
    .chain((field) => changesOf(field).map((value) => ({ [field]: value })));

  test('agrees with the rules on every single change of a field, and on several at once', () => {
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(null, 'acme', 'other'),
        (changes, key) => {
          const event: UsageEvent = Object.assign({}, good, ...changes);
          expect(isAcceptable(event, now, key)).toBe(usageProblems(event, now, key).length === 0);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

describe('order of precedence', () => {
  test('a field is complained of once, by its first problem', () => {
    const old = usageProblems({ ...good, occurredAt: instantOfMillis(0) }, now, null);
    expect(old.map(({ code }) => code)).toEqual(['timestamp_implausible']);
    const negative = usageProblems({ ...good, inputTokens: -1, outputTokens: -1 }, now, null);
    expect(negative.map(({ field, code }) => [field, code])).toEqual([
      ['inputTokens', 'negative_count'],
      ['outputTokens', 'negative_count'],
    ]);
  });

  const everything: UsageEvent = {
    ...good,
    requestId: '',
    useCase: '',
    kind: '?',
    status: '?',
    serviceTier: '?',
    inputTokens: 999,
    outputTokens: 0,
    latencyMs: -1,
    characters: USAGE_LIMITS.countMax + 1,
    occurredAt: instantOfMillis(0),
  };

  test('all problems are found, in the order of the table of refusals', () => {
    const problems = usageProblems(everything, now, 'other');
    const order = REFUSALS.map((rule): string => rule.code);
    const places = problems.map((problem) => order.indexOf(problem.code));
    expect(places).toEqual([...places].sort((left, right) => left - right));
    expect(new Set(problems.map((problem) => problem.field))).toEqual(
      new Set([
        'key',
        'requestId',
        'useCase',
        'kind',
        'status',
        'serviceTier',
        'latencyMs',
        'characters',
        'cacheReadTokens',
        'reasoningTokens',
        'occurredAt',
      ]),
    );
    expect(checkUsage(everything, now, 'other')).toEqual(problems[0]);
  });

  test('every refusal up to the age limit that concerns a use has a row above', () => {
    const notOfAUse = [
      // Its texts are bounded one by one, so it never grows so large.
      'too_large',
      'unknown_currency',
      'unknown_time_zone',
      'amount_not_positive',
      'confidence_out_of_range',
    ];
    const codes = REFUSALS.map((rule): string => rule.code);
    const ofAUse = codes.slice(0, codes.indexOf('timestamp_too_old') + 1);
    expect(new Set(refused.map((row) => row.code))).toEqual(
      new Set(ofAUse.filter((code) => !notOfAUse.includes(code))),
    );
  });
});
