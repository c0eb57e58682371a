/** POST /v1/outcomes/verifications: what a verifier checked about a claim (O3). */
import { z } from 'zod';
import { amount, instant, share } from './number-fields.ts';
import { requestReader } from './read-request.ts';
import { accountId, complain, id, text } from './text-fields.ts';

const FIELDS_MAX = 100;
const VALUE_LENGTH_MAX = 1_024;

/** Criteria compare text, so a verifier may send numbers and truth values as they are. */
const criterionValue = z
  .union([z.string(), z.number(), z.boolean()], { error: 'expected text, a number or a truth value' })
  .transform((value, ctx): string => {
    const written = String(value);
    if (written.length <= VALUE_LENGTH_MAX) return written;
    return complain(
      ctx,
      'invalid_value',
      `${written.length} characters; at most ${VALUE_LENGTH_MAX} are kept`,
    );
  });

const criterionValues = z
  .record(z.string(), criterionValue)
  .transform((values, ctx): Readonly<Record<string, string>> => {
    const names = Object.keys(values);
    if (names.length > FIELDS_MAX) return complain(ctx, 'too_many', `at most ${FIELDS_MAX} fields`);
    const isTooLong = names.some((name) => name.length > VALUE_LENGTH_MAX);
    return isTooLong ? complain(ctx, 'invalid_value', 'a field name is too long') : values;
  });

export const readOutcomeVerification = requestReader({
  schema: z.strictObject({
    verificationId: id('verificationId'),
    claimId: id('claimId'),
    accountId,
    confidence: share,
    qualityScore: amount('not_negative').nullable().default(null),
    fields: criterionValues.default({}),
    verifier: text,
    verifierVersion: text,
    evidenceHash: id('evidenceHash'),
    verifiedAt: instant,
  }),
  times: ['verifiedAt'],
  publications: (value) => [{ topic: 'outcome-verifications', value }],
});
