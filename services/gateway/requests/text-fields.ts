/**
 * Fields that are text: ids, names, closed lists.
 *
 * Invariant: every field has a longest length, and a complaint carries one of our codes.
 */
import { z } from 'zod';
import { parseAccountId, parseId } from '../../../schemas/ids.ts';
import { USAGE_LIMITS } from '../../../schemas/usage-rules.ts';
import { attempt, complain } from './complaints.ts';

const LENGTH_MAX = USAGE_LIMITS.textLengthMax;

/** Text read by a parse function of `schemas/`. */
export function parsedText<T>(parse: (text: string) => T) {
  return z.string().transform((text, ctx) => attempt(ctx, () => parse(text)));
}

export const accountId = parsedText(parseAccountId);

export function id(kind: string) {
  return parsedText((text): string => parseId(kind, text));
}

/** Free text that says something. */
export const text = z.string().transform((value, ctx): string => {
  if (value.trim() === '') return complain(ctx, 'invalid_value', 'this text is empty');
  return kept(ctx, value);
});

/** Text as long as is kept, and without half a character, which UTF-8 cannot write. */
export function kept(ctx: z.core.$RefinementCtx, value: string): string {
  if (!value.isWellFormed()) return complain(ctx, 'invalid_value', 'half a character cannot be kept');
  if (value.length <= LENGTH_MAX) return value;
  return complain(ctx, 'invalid_value', `${value.length} characters; at most ${LENGTH_MAX} are kept`);
}
