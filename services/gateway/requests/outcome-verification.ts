/** POST /v1/outcomes/verifications: what a verifier checked about a claim (O3). */
import { z } from 'zod';
import { complain } from './complaints.ts';
import { amount, instant, share } from './number-fields.ts';
import { requestReader } from './read-request.ts';
import { accountId, id, kept, text } from './text-fields.ts';

const FIELDS_MAX = 100;
const NAME_LENGTH_MAX = 1_024;

/** Criteria compare text, so a verifier may send numbers and truth values as they are. */
const criterionValue = z
  .union([z.string(), z.number(), z.boolean()], { error: 'expected text, a number or a truth value' })
  .transform((value, ctx): string => kept(ctx, String(value)));

const criterionValues = z
  .record(z.string(), criterionValue)
  .transform((values, ctx): Readonly<Record<string, string>> => {
    const names = Object.keys(values);
    if (names.length > FIELDS_MAX) return complain(ctx, 'too_many', `at most ${FIELDS_MAX} fields`);
    const isTooLong = names.some((name) => name.length > NAME_LENGTH_MAX || !name.isWellFormed());
    return isTooLong
      ? complain(ctx, 'invalid_value', 'a field name is too long or has half a character')
      : values;
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
