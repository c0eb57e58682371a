/** POST /v1/contracts: a version of an account's terms (R1, R4, L2). */
import { z } from 'zod';
import { parseAmount } from '../../../schemas/amount.ts';
import { MONEY_LIMITS } from '../../../schemas/money-limits.ts';
import { listed, listOf } from './list-fields.ts';
import { amount, count, instant } from './number-fields.ts';
import { requestReader } from './read-request.ts';
import { accountId, id } from './text-fields.ts';

const PRICES_MAX = 1_000;
const GRANTS_MAX = 100;
const PRIORITY_MAX = 1_000_000;
const INCLUDED_MAX = 1_000_000_000;

const outcomePrice = z.strictObject({
  outcomeType: id('outcomeType'),
  price: amount('not_negative', MONEY_LIMITS.plan),
  baseRate: amount('not_negative', MONEY_LIMITS.plan),
});

const outcomePlan = z.strictObject({
  baseFee: amount('not_negative', MONEY_LIMITS.plan),
  includedOutcomes: count({ max: INCLUDED_MAX }).default(0),
  overageFactor: amount('not_negative', MONEY_LIMITS.factor).default(parseAmount('1')),
  prices: listOf(outcomePrice, PRICES_MAX),
});

const grantTerms = z.strictObject({
  grantId: id('grantId'),
  kind: listed(['promotional', 'included'], 'invalid_kind'),
  amount: amount('positive'),
  priority: count({ max: PRIORITY_MAX }).default(0),
  expiresAt: instant.nullable().default(null),
});

export const readContract = requestReader({
  schema: z.strictObject({
    contractId: id('contractId'),
    accountId,
    version: count({ min: 1 }),
    effectiveAt: instant,
    billingMode: listed(['prepaid', 'postpaid']),
    priceBookId: id('priceBookId'),
    usageMarkup: amount('not_negative', MONEY_LIMITS.factor).default(parseAmount('1')),
    outcomePlan: outcomePlan.nullable().default(null),
    grants: listOf(grantTerms, GRANTS_MAX).default([]),
    overdraftLimit: amount('not_negative').nullable().default(null),
  }),
  times: [],
  publications: (value) => [{ topic: 'contracts', value }],
});
