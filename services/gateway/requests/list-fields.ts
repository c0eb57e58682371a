/** Fields whose values come from a closed list, and lists of fields. */
import { z } from 'zod';
import type { FieldCode } from '../problem-codes.ts';
import { complain } from './complaints.ts';

/** One of the values that exist; `code` is what a stranger is refused with. */
export function listed(values: readonly string[], code: FieldCode = 'invalid_value') {
  return z.string().transform((value, ctx): string => {
    if (values.includes(value)) return value;
    return complain(ctx, code, `${JSON.stringify(value.slice(0, 60))} is not one of ${values.join(', ')}`);
  });
}

/** At most `entriesMax` entries of one kind. */
export function listOf<T>(entry: z.ZodType<T>, entriesMax: number) {
  return z.array(entry).max(entriesMax, `at most ${entriesMax} entries`);
}
