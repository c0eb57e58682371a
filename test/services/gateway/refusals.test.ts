/** For every path: what is wrong with a record, and which field and code say so. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CURRENCY_CODES } from '../../../schemas/currency.ts';
import { ENDPOINTS } from '../../../services/gateway/endpoints.ts';
import { type Bench, openBench, post, recordsOf } from './bench.ts';
import { GOOD, type Json, type Path } from './good-requests.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.app.close());

const long = 'x'.repeat(1_025);
const leaf = { operator: 'exists', field: 'f' };

/** The change to a good record, then the field and code of each complaint. `undefined` removes a field. */
type Row = readonly [change: Json, ...complaints: readonly (readonly [field: string, code: string])[]];

const ROWS: Readonly<Record<Path, readonly Row[]>> = {
  '/v1/usage': [
    [{ requestId: '' }, ['requestId', 'invalid_id']],
    [{ requestId: undefined }, ['requestId', 'missing_field']],
    [{ requestId: 7 }, ['requestId', 'wrong_type']],
    [{ accountId: 'a b' }, ['accountId', 'invalid_id']],
    [{ accountId: null }, ['accountId', 'wrong_type']],
    [{ apiKeyId: 'ключ' }, ['apiKeyId', 'invalid_id']],
    [{ sessionId: '' }, ['sessionId', 'invalid_id']],
    [{ costCentre: '' }, ['costCentre', 'missing_tag']],
    [{ costCentre: undefined }, ['costCentre', 'missing_field']],
    [{ useCase: '  ' }, ['useCase', 'missing_tag']],
    [{ useCase: long }, ['useCase', 'invalid_value']],
    [{ useCase: 'half \ud83d' }, ['useCase', 'invalid_value']],
    [{ kind: 'magic' }, ['kind', 'invalid_kind']],
    [{ status: 'failed' }, ['status', 'invalid_status']],
    [{ serviceTier: 'turbo' }, ['serviceTier', 'invalid_value']],
    [{ cacheStatus: 'warm' }, ['cacheStatus', 'invalid_value']],
    [{ outputTokens: -1 }, ['outputTokens', 'negative_count']],
    [{ outputTokens: '9007199254740993' }, ['outputTokens', 'count_out_of_range']],
    [{ outputTokens: 1_000_000_000_001 }, ['outputTokens', 'count_out_of_range']],
    [{ outputTokens: 1.5 }, ['outputTokens', 'count_out_of_range']],
    [{ outputTokens: '1e300' }, ['outputTokens', 'count_out_of_range']],
    [{ outputTokens: 'many' }, ['outputTokens', 'wrong_type']],
    [{ outputTokens: 'NaN' }, ['outputTokens', 'wrong_type']],
    [{ outputTokens: null }, ['outputTokens', 'wrong_type']],
    [{ cacheReadTokens: 1_001 }, ['cacheReadTokens', 'cached_tokens_exceed_input']],
    [{ cacheWriteTokens: 401 }, ['cacheReadTokens', 'cached_tokens_exceed_input']],
    [{ reasoningTokens: 201 }, ['reasoningTokens', 'reasoning_tokens_exceed_output']],
    [{ sourceSequence: -1 }, ['sourceSequence', 'negative_count']],
    [{ occurredAt: 1_773_000_000 }, ['occurredAt', 'timestamp_implausible']],
    [{ occurredAt: '2026-03-10T12:05:00.001Z' }, ['occurredAt', 'timestamp_in_future']],
    [{ occurredAt: '2026-02-03T11:59:59.999Z' }, ['occurredAt', 'timestamp_too_old']],
    [{ occurredAt: '2026-03-10 12:00' }, ['occurredAt', 'instant_malformed']],
    [{ occurredAt: '2026-02-30T12:00:00Z' }, ['occurredAt', 'instant_malformed']],
    [{ occurredAt: 9e15 }, ['occurredAt', 'instant_out_of_range']],
    [{ backfill: 'yes' }, ['backfill', 'wrong_type']],
    [{ costUsd: 0.1 }, ['costUsd', 'unknown_field']],
    [
      { requestId: undefined, costCentre: '', status: 'ok', inputTokens: 'x', orgId: 'acme', occurredAt: 0 },
      ['requestId', 'missing_field'],
      ['inputTokens', 'wrong_type'],
      ['orgId', 'unknown_field'],
      ['costCentre', 'missing_tag'],
      ['status', 'invalid_status'],
      ['occurredAt', 'timestamp_implausible'],
    ],
  ],
  '/v1/outcomes/claims': [
    [{ claimId: '' }, ['claimId', 'invalid_id']],
    [{ accountId: 'a/b' }, ['accountId', 'invalid_id']],
    [{ outcomeType: undefined }, ['outcomeType', 'missing_field']],
    [{ caseId: 'case 1' }, ['caseId', 'invalid_id']],
    [{ costCentre: '' }, ['costCentre', 'invalid_value']],
    [{ costCentre: long }, ['costCentre', 'invalid_value']],
    [{ claimedAt: '2019-12-31T23:59:59Z' }, ['claimedAt', 'timestamp_implausible']],
    [{ claimedAt: '2026-03-10T13:00:00Z' }, ['claimedAt', 'timestamp_in_future']],
    [
      { claimedAt: 'soon', claimId: 1, x: 1 },
      ['claimId', 'wrong_type'],
      ['claimedAt', 'instant_malformed'],
      ['x', 'unknown_field'],
    ],
    [
      { claimedAt: '2026-03-10T13:00:00Z', caseId: '' },
      ['caseId', 'invalid_id'],
      ['claimedAt', 'timestamp_in_future'],
    ],
  ],
  '/v1/outcomes/verifications': [
    [{ confidence: 'NaN' }, ['confidence', 'amount_malformed']],
    [{ confidence: 1.000000000001 }, ['confidence', 'confidence_out_of_range']],
    [{ confidence: -0.1 }, ['confidence', 'confidence_out_of_range']],
    [{ confidence: '0.9000000000001' }, ['confidence', 'amount_too_precise']],
    [{ confidence: undefined }, ['confidence', 'missing_field']],
    [{ confidence: true }, ['confidence', 'wrong_type']],
    [{ qualityScore: -1 }, ['qualityScore', 'amount_negative']],
    [{ fields: { a: { b: 1 } } }, ['fields.a', 'wrong_type']],
    [{ fields: { a: '\udc00' } }, ['fields.a', 'invalid_value']],
    [{ verifier: '\ud800' }, ['verifier', 'invalid_value']],
    [{ fields: { a: long } }, ['fields.a', 'invalid_value']],
    [{ fields: { [long]: 'a' } }, ['fields', 'invalid_value']],
    [
      { fields: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`f${n}`, 'v'])) },
      ['fields', 'too_many'],
    ],
    [{ fields: [] }, ['fields', 'wrong_type']],
    [{ verifier: ' ' }, ['verifier', 'invalid_value']],
    [{ evidenceHash: '' }, ['evidenceHash', 'invalid_id']],
    [{ verifiedAt: '2026-03-10T12:06:00Z' }, ['verifiedAt', 'timestamp_in_future']],
  ],
  '/v1/payments': [
    [{ verified: true }, ['verified', 'unknown_field']],
    [{ amount: 0 }, ['amount', 'amount_not_positive']],
    [{ amount: '-5' }, ['amount', 'amount_not_positive']],
    [{ amount: '-0' }, ['amount', 'amount_not_positive']],
    [{ amount: '0.0000000000001' }, ['amount', 'amount_too_precise']],
    [{ amount: '1e40' }, ['amount', 'amount_too_large']],
    [{ amount: '12,50' }, ['amount', 'amount_malformed']],
    [{ amount: null }, ['amount', 'wrong_type']],
    [{ currency: 'BTC' }, ['currency', 'unknown_currency']],
    [{ currency: 'eur' }, ['currency', 'unknown_currency']],
    [{ kind: 'paid' }, ['kind', 'invalid_kind']],
    [{ paymentId: undefined }, ['paymentId', 'missing_field']],
    [{ occurredAt: '1999-01-01T00:00:00Z' }, ['occurredAt', 'timestamp_implausible']],
  ],
  '/v1/accounts': [
    [{ version: 0 }, ['version', 'count_out_of_range']],
    [{ version: -1 }, ['version', 'negative_count']],
    [{ name: '' }, ['name', 'invalid_value']],
    [{ currency: 'XAU' }, ['currency', 'unknown_currency']],
    [{ timeZone: 'Berlin' }, ['timeZone', 'unknown_time_zone']],
    [{ timeZone: '+02:00' }, ['timeZone', 'unknown_time_zone']],
    [{ status: 'open' }, ['status', 'invalid_status']],
    [{ effectiveAt: undefined }, ['effectiveAt', 'missing_field']],
  ],
  '/v1/contracts': [
    [{ billingMode: 'later' }, ['billingMode', 'invalid_value']],
    [{ usageMarkup: -1 }, ['usageMarkup', 'amount_negative']],
    [{ overdraftLimit: '-1' }, ['overdraftLimit', 'amount_negative']],
    [{ priceBookId: undefined }, ['priceBookId', 'missing_field']],
    [{ outcomePlan: {} }, ['outcomePlan.baseFee', 'missing_field'], ['outcomePlan.prices', 'missing_field']],
    [
      { outcomePlan: { baseFee: 1, prices: [{ outcomeType: 't', price: -1, baseRate: 'x', vat: 1 }] } },
      ['outcomePlan.prices.0.price', 'amount_negative'],
      ['outcomePlan.prices.0.baseRate', 'amount_malformed'],
      ['outcomePlan.prices.0.vat', 'unknown_field'],
    ],
    [
      { grants: [{ grantId: 'g', kind: 'gift', amount: 0 }] },
      ['grants.0.kind', 'invalid_kind'],
      ['grants.0.amount', 'amount_not_positive'],
    ],
    [
      { grants: Array.from({ length: 101 }, (_, n) => ({ grantId: `g${n}`, kind: 'included', amount: 1 })) },
      ['grants', 'too_many'],
    ],
  ],
  '/v1/price-books': [
    [{ purpose: 'list' }, ['purpose', 'invalid_value']],
    [{ currency: '' }, ['currency', 'unknown_currency']],
    [{ part: 2 }, ['', 'invalid_value']],
    [{ prices: undefined }, ['prices', 'missing_field']],
    [
      {
        prices: [
          {
            provider: '',
            model: 'm',
            rates: [{ tokenClass: 'audio', pricePerToken: 1e-13, serviceTier: 'x' }],
          },
        ],
      },
      ['prices.0.provider', 'invalid_value'],
      ['prices.0.rates.0.tokenClass', 'invalid_value'],
      ['prices.0.rates.0.serviceTier', 'invalid_value'],
      ['prices.0.rates.0.pricePerToken', 'amount_too_precise'],
    ],
  ],
  '/v1/outcome-definitions': [
    [{ validationMethod: 'guess' }, ['validationMethod', 'invalid_value']],
    [{ fallbackAction: 'wait' }, ['fallbackAction', 'invalid_value']],
    [{ verificationWindowMs: 0 }, ['verificationWindowMs', 'count_out_of_range']],
    [{ verificationWindowMs: 2_592_000_001 }, ['verificationWindowMs', 'count_out_of_range']],
    [{ autoAbove: 1.1 }, ['autoAbove', 'confidence_out_of_range']],
    [{ autoAbove: 0.5 }, ['', 'invalid_value']],
    [{ criteria: undefined }, ['criteria', 'missing_field']],
    [{ criteria: { operator: 'like', field: 'f', values: ['x'] } }, ['criteria', 'invalid_value']],
    [{ criteria: { operator: 'equals', field: 'f', values: [] } }, ['criteria', 'invalid_value']],
    [{ criteria: { operator: 'equals', values: ['x'] } }, ['criteria', 'invalid_value']],
    [{ criteria: { operator: 'at_least', field: 'f', values: ['high'] } }, ['criteria', 'invalid_value']],
    [{ criteria: { operator: 'in', field: 'f' } }, ['criteria', 'invalid_value']],
    [{ criteria: { operator: 'exists', field: 'f', values: ['x'] } }, ['criteria', 'invalid_value']],
    [
      { criteria: { operator: 'equals', field: 'f', values: [long] } },
      ['criteria.values.0', 'invalid_value'],
    ],
    [{ criteria: { operator: 'and' } }, ['criteria', 'invalid_value']],
    [{ criteria: { operator: 'or', field: 'f', children: [leaf] } }, ['criteria', 'invalid_value']],
    [{ criteria: { ...leaf, children: [leaf] } }, ['criteria', 'invalid_value']],
    [
      { criteria: { operator: 'or', children: [leaf, { operator: '?' }] } },
      ['criteria.children.1', 'invalid_value'],
    ],
    [{ criteria: nested(12) }, [`criteria${'.children.0'.repeat(11)}`, 'invalid_value']],
    [
      { criteria: { operator: 'or', children: [{ ...leaf, values: {} }] } },
      ['criteria.children.0.values', 'wrong_type'],
    ],
  ],
};

function nested(depth: number): Json {
  return depth === 1 ? leaf : { operator: 'and', children: [nested(depth - 1)] };
}

describe.each(Object.entries(ROWS))('%s', (path, rows) => {
  const good: Json = Object.entries(GOOD).find(([name]) => name === path)?.[1] ?? {};

  test.each(
    rows.map((row) => [JSON.stringify(row[0], (_, value) => value ?? null).slice(0, 90), row] as const),
  )('refuses %s', async (_, [change, ...complaints]) => {
    const { status, body } = await post(bench.app, path, { ...good, ...change });
    expect(status).toBe(422);
    expect(body.error?.code).toBe('nothing_acceptable');
    const told = body.error?.details ?? [];
    expect(told.map(({ field, code }) => [field, code]).sort()).toEqual(
      [...complaints].map((pair) => [...pair]).sort(),
    );
    for (const complaint of told) {
      expect(complaint.message).not.toBe('');
      expect(complaint.wayOut).not.toBe('');
      expect(complaint.index).toBe(0);
    }
  });

  test.each([null, 7, 'text', []])('refuses %j in the place of a record', async (record) => {
    const { status, body } = await post(bench.app, path, [record]);
    expect(status).toBe(422);
    expect(body.error?.details).toMatchObject([{ index: 0, field: '', code: 'wrong_type' }]);
  });
});

test('nothing that was refused is in the log', async () => {
  for (const { topic } of ENDPOINTS) expect(await recordsOf(bench.log, topic)).toEqual([]);
});

test('every path has a table', () => {
  expect(Object.keys(ROWS).sort()).toEqual(ENDPOINTS.map(({ path }) => path).sort());
});

test('every currency of the table is accepted', async () => {
  const accounts = CURRENCY_CODES.map((currency) => ({ ...GOOD['/v1/accounts'], currency }));
  expect((await post(bench.app, '/v1/accounts', accounts)).body.accepted).toBe(CURRENCY_CODES.length);
});
