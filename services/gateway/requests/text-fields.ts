/**
 * Fields that are text: ids, names, closed lists.
 *
 * Invariant: every field has a longest length, and a complaint carries one of our codes.
 */
import { z } from 'zod';
import { parseAccountId, parseId } from '../../../schemas/ids.ts';
import { USAGE_LIMITS } from '../../../schemas/usage-rules.ts';
import { ValueError } from '../../../schemas/value-error.ts';
import type { FieldCode } from '../problem-codes.ts';

const LENGTH_MAX = USAGE_LIMITS.textLengthMax;

/** The parse functions of `schemas/` name some rules otherwise than the refusals do. */
const CODES: ReadonlyMap<string, FieldCode> = new Map<string, FieldCode>([
  ['id_malformed', 'invalid_id'],
  ['currency_unknown', 'unknown_currency'],
  ['time_zone_unknown', 'unknown_time_zone'],
  ['amount_malformed', 'amount_malformed'],
  ['amount_too_precise', 'amount_too_precise'],
  ['amount_too_large', 'amount_too_large'],
  ['instant_malformed', 'instant_malformed'],
  ['instant_out_of_range', 'instant_out_of_range'],
]);

/** Notes a complaint under our code and gives the library a value it will not use. */
export function complain(ctx: z.core.$RefinementCtx, code: FieldCode, message: string): never {
  ctx.issues.push({ code: 'custom', input: undefined, message, params: { code } });
  return z.NEVER;
}

/** Runs a parse function and turns its error into a complaint. */
export function attempt<T>(ctx: z.core.$RefinementCtx, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return complain(
      ctx,
      CODES.get(error.code) ?? 'invalid_value',
      error.message.replace(`${error.code}: `, ''),
    );
  }
}

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
  if (value.length <= LENGTH_MAX) return value;
  return complain(ctx, 'invalid_value', `${value.length} characters; at most ${LENGTH_MAX} are kept`);
});
