/**
 * How a field says what is wrong with it: our codes travel through the schema library as parameters of its issues.
 *
 * Boundary: `read-request.ts` takes them out again on the other side.
 */
import { z } from 'zod';
import { ValueError } from '../../../schemas/value-error.ts';
import type { FieldCode } from '../problem-codes.ts';

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
