/** The bounds of a record from outside, and that the gateway refuses with the code and field that a service would. */
import { describe, expect, test } from 'vitest';
import { encodeFramed } from '../../schemas/codec.ts';
import type { RecordName } from '../../schemas/generated/record-types.ts';
import { parseInstant } from '../../schemas/instant.ts';
import { RECORD_LIMITS, sizeProblem, textProblem } from '../../schemas/record-rules.ts';
import { checkUsage } from '../../schemas/usage-check.ts';
import { USAGE_LIMITS } from '../../schemas/usage-rules.ts';
import { ENDPOINTS, type Endpoint } from '../../services/gateway/endpoints.ts';
import { isFromOutside, TOPICS } from '../../topology/topics.ts';
import { GOOD, type Json, type Path } from '../services/gateway/good-requests.ts';
import { use } from '../support/task-bench.ts';

const RECEIVED_AT = parseInstant('2026-03-10T12:00:00Z');
const MEGABYTE = 'x'.repeat(1_000_000);
const id = 'i'.repeat(256);
const text = 'ä'.repeat(USAGE_LIMITS.textLengthMax);

/** What the gateway would publish, and the record type of it. */
function published(path: Path, change: Json): { readonly record: RecordName; readonly value: object } {
  const endpoint = endpointOf(path);
  const read = endpoint.read({ ...GOOD[path], ...change }, RECEIVED_AT);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const [publication] = read.publications;
  if (publication === undefined) throw new Error('nothing is published');
  return { record: TOPICS[publication.topic].record, value: publication.value };
}

function endpointOf(path: Path): Endpoint {
  const endpoint = ENDPOINTS.find((candidate) => candidate.path === path);
  if (endpoint === undefined) throw new Error(`${path} is no path`);
  return endpoint;
}

/** Puts a value at a dotted path of a copy. */
function withAt(value: object, path: readonly string[], put: unknown): object {
  const [name = '', ...rest] = path;
  const inner: unknown = Reflect.get(value, name);
  const next =
    rest.length === 0 ? put : withAt(typeof inner === 'object' && inner !== null ? inner : {}, rest, put);
  return Array.isArray(value) ? value.with(Number(name), next) : { ...value, [name]: next };
}

const TOO_LONG: readonly (readonly [Path, string, string])[] = [
  ['/v1/outcomes/claims', 'accountId', 'invalid_id'],
  ['/v1/outcomes/claims', 'claimId', 'invalid_id'],
  ['/v1/outcomes/claims', 'outcomeType', 'invalid_id'],
  ['/v1/outcomes/claims', 'caseId', 'invalid_id'],
  ['/v1/outcomes/claims', 'traceId', 'invalid_id'],
  ['/v1/outcomes/claims', 'projectId', 'invalid_id'],
  ['/v1/outcomes/claims', 'costCentre', 'invalid_value'],
  ['/v1/outcomes/verifications', 'verificationId', 'invalid_id'],
  ['/v1/outcomes/verifications', 'evidenceHash', 'invalid_id'],
  ['/v1/outcomes/verifications', 'verifier', 'invalid_value'],
  ['/v1/outcomes/verifications', 'verifierVersion', 'invalid_value'],
  ['/v1/outcomes/verifications', 'fields.status', 'invalid_value'],
  ['/v1/payments', 'paymentId', 'invalid_id'],
  ['/v1/payments', 'provider', 'invalid_id'],
  ['/v1/payments', 'providerEventId', 'invalid_id'],
  ['/v1/accounts', 'accountId', 'invalid_id'],
  ['/v1/accounts', 'name', 'invalid_value'],
  ['/v1/contracts', 'contractId', 'invalid_id'],
  ['/v1/contracts', 'priceBookId', 'invalid_id'],
  ['/v1/contracts', 'outcomePlan.prices.0.outcomeType', 'invalid_id'],
  ['/v1/contracts', 'grants.0.grantId', 'invalid_id'],
  ['/v1/price-books', 'priceBookId', 'invalid_id'],
  ['/v1/price-books', 'prices.0.provider', 'invalid_value'],
  ['/v1/price-books', 'prices.0.model', 'invalid_value'],
  ['/v1/outcome-definitions', 'outcomeType', 'invalid_id'],
  ['/v1/outcome-definitions', 'policyVersion', 'invalid_value'],
  ['/v1/outcome-definitions', 'criteria.children.0.field', 'invalid_value'],
  ['/v1/outcome-definitions', 'criteria.children.0.values.0', 'invalid_value'],
];

describe('a text of a megabyte', () => {
  test.each(TOO_LONG)('%s %s is %s for a service and at the gateway', (path, field, code) => {
    const { record, value } = published(path, {});
    expect(textProblem(record, value)).toBeNull();
    expect(textProblem(record, withAt(value, field.split('.'), MEGABYTE))).toMatchObject({ code, field });
    const read = endpointOf(path).read(withAt(GOOD[path], field.split('.'), MEGABYTE), RECEIVED_AT);
    expect(read).toMatchObject({ ok: false, problems: [{ code, field }] });
  });

  test('the name of a field is a text too', () => {
    const fields = { [MEGABYTE]: 'x' };
    const { record, value } = published('/v1/outcomes/verifications', {});
    expect(textProblem(record, { ...value, fields })).toMatchObject({
      code: 'invalid_value',
      field: 'fields',
    });
    const read = endpointOf('/v1/outcomes/verifications').read(
      { ...GOOD['/v1/outcomes/verifications'], fields },
      RECEIVED_AT,
    );
    expect(read).toMatchObject({ ok: false, problems: [{ code: 'invalid_value', field: 'fields' }] });
  });

  test('an id comes before a text, whatever the order of the fields', () => {
    const { record, value } = published('/v1/outcomes/claims', { traceId: 't' });
    const wrong = { costCentre: MEGABYTE, ...value, traceId: MEGABYTE };
    expect(textProblem(record, { ...wrong, costCentre: MEGABYTE })).toMatchObject({ field: 'traceId' });
  });

  test('half a character and an account that could be two are refused too', () => {
    const { record, value } = published('/v1/outcomes/claims', {});
    expect(textProblem(record, { ...value, costCentre: '\ud800' })).toMatchObject({ code: 'invalid_value' });
    expect(textProblem(record, { ...value, accountId: 'acme/claim' })).toMatchObject({ code: 'invalid_id' });
  });
});

const prices = Array.from({ length: 1_000 }, (_, at) => {
  return { outcomeType: `${id.slice(4)}${1_000 + at}`, price: '1', baseRate: '1' };
});

describe('the size', () => {
  const LARGE: readonly (readonly [Path, Json, string])[] = [
    [
      '/v1/contracts',
      { outcomePlan: { baseFee: 0, includedOutcomes: 0, overageFactor: 1, prices } },
      'outcomePlan',
    ],
    [
      '/v1/outcomes/verifications',
      { fields: Object.fromEntries(Array.from({ length: 99 }, (_, at) => [`${text.slice(9)}${at}`, text])) },
      'fields',
    ],
    [
      '/v1/outcome-definitions',
      { requiredFields: Array.from({ length: 99 }, () => '語'.repeat(1_024)) },
      'requiredFields',
    ],
    [
      '/v1/price-books',
      {
        part: 1,
        parts: 2,
        prices: Array.from({ length: 100 }, (_, at) => ({
          provider: text,
          model: `${text.slice(9)}${at}`,
          rates: [],
        })),
      },
      'prices',
    ],
  ];
  test.each(LARGE)(
    '%s above the limit is refused at the gateway under its largest field',
    (path, change, field) => {
      const read = endpointOf(path).read({ ...GOOD[path], ...change }, RECEIVED_AT);
      expect(read).toMatchObject({ ok: false, problems: [{ code: 'too_large', field }] });
    },
  );

  test('a price book that its sender has not split may be as large as it likes', () => {
    const [, change] = LARGE[3] ?? ['', {}];
    const read = endpointOf('/v1/price-books').read(
      { ...GOOD['/v1/price-books'], ...change, part: 1, parts: 1 },
      RECEIVED_AT,
    );
    expect(read.ok && read.publications.length > 3).toBe(true);
  });

  test('the limit itself is taken, one byte more is not', () => {
    const value = { short: 'x', list: ['xx', 'xx'], amount: 10n ** 30n };
    expect(sizeProblem(value, RECORD_LIMITS.bytesMax)).toBeNull();
    expect(sizeProblem(value, RECORD_LIMITS.bytesMax + 1)).toMatchObject({
      code: 'too_large',
      field: 'amount',
    });
  });

  test('a use as large as its rules let it be is far below', () => {
    const most = Object.fromEntries(
      Object.entries(use({ kind: 'model' })).map(([name, value]) => {
        const isLong = typeof value === 'string' && !/^(?:kind|status|serviceTier|cacheStatus)$/.test(name);
        if (!isLong) return [name, value];
        return [name, name.endsWith('Id') ? id : '語'.repeat(USAGE_LIMITS.textLengthMax)];
      }),
    );
    const largest = { ...use(), ...most, accountId: use().accountId, errorCode: '語'.repeat(1_024) };
    expect(checkUsage(largest, largest.occurredAt, null)).toBeNull();
    expect(encodeFramed('UsageEvent', largest, 0).length).toBeLessThan(RECORD_LIMITS.bytesMax / 4);
  });
});

test('what producers write is from outside, what a service writes is not', () => {
  const outside = Object.entries(TOPICS).flatMap(([topic, { writers }]) =>
    writers.some((writer) => ['gateway', 'producers', 'ticker'].includes(writer)) ? [topic] : [],
  );
  expect(new Set(namesOf(TOPICS).filter(isFromOutside))).toEqual(new Set(outside));
});

function namesOf<T extends object>(table: T): readonly (keyof T)[] {
  const names: (keyof T)[] = [];
  for (const name in table) names.push(name);
  return names;
}
