/** POST /v1/outcome-definitions: what counts as an outcome and how it is verified (O1, O2, O3). */
import { z } from 'zod';
import { parseAmount } from '../../../schemas/amount.ts';
import { complain } from './complaints.ts';
import { criterion } from './criterion.ts';
import { listed, listOf } from './list-fields.ts';
import { amount, count, instant, share } from './number-fields.ts';
import { requestReader } from './read-request.ts';
import { id, text } from './text-fields.ts';

const REQUIRED_FIELDS_MAX = 100;
/** The longest window there is (O2). */
const WINDOW_MS_MAX = 30 * 24 * 60 * 60 * 1_000;

const definition = z.strictObject({
  outcomeType: id('outcomeType'),
  version: count({ min: 1 }),
  effectiveAt: instant,
  validationMethod: listed(['webhook_callback', 'crm_integration', 'api_response']),
  criteria: criterion,
  requiredFields: listOf(text, REQUIRED_FIELDS_MAX).default([]),
  minimumQualityScore: amount('not_negative').nullable().default(null),
  verificationWindowMs: count({ min: 1, max: WINDOW_MS_MAX }),
  fallbackAction: listed(['charge_base_rate', 'reject']),
  autoAbove: share.default(parseAmount('0.9')),
  reviewFrom: share.default(parseAmount('0.7')),
  policyVersion: text,
});

export const readOutcomeDefinition = requestReader({
  schema: definition.transform((value, ctx) =>
    value.reviewFrom <= value.autoAbove
      ? value
      : complain(ctx, 'invalid_value', 'reviewFrom is above autoAbove, so no confidence would go to review'),
  ),
  times: [],
  publications: (value) => [{ topic: 'outcome-definitions', value }],
});
