/**
 * What may stand in the query of each path.
 *
 * Invariants:
 *  1. A parameter that is not listed, is given twice, or is out of bounds is refused and named; nothing is ignored.
 *  2. Text may hold anything, because ids come from strangers; it travels to ClickHouse as a bound parameter only.
 */
import { z } from 'zod';
import { Problem } from './problem.ts';

const TEXT_LENGTH_MAX = 1_024;
const DAY_MS = 86_400_000;
export const RANGE_DAYS_MAX = 400;

/** A UTC day within what ClickHouse's Date can hold. */
const day = z.iso.date().refine((text) => text >= '1970-01-01' && text <= '2149-06-05', {
  message: 'must be a day from 1970-01-01 to 2149-06-05',
});
const text = z.string().max(TEXT_LENGTH_MAX);
const id = text.min(1);
const currency = z.string().regex(/^[A-Z]{3}$/, { message: 'must be three capital letters' });

function limit(standard: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,6}$/, { message: 'must be a whole number' })
    .transform(Number)
    .pipe(z.number().min(1).max(max))
    .default(standard);
}

const range = { from: day.optional(), to: day.optional() };

function isRange({
  from,
  to,
}: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): boolean {
  if (from === undefined || to === undefined) return true;
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
  return days >= 0 && days < RANGE_DAYS_MAX;
}

const notARange = {
  message: `from must not be after to, and the range has at most ${RANGE_DAYS_MAX} days`,
  path: ['to'],
};

export const PARAMETERS = {
  none: z.strictObject({}),
  range: z.strictObject(range).refine(isRange, notARange),
  day: z.strictObject({ day }),
  dayAccount: z.strictObject({ day, account: id }),
  requests: z.strictObject({
    day,
    account: id,
    provider: text,
    model: text,
    order: z.enum(['dearest', 'slowest', 'newest']).default('dearest'),
    limit: limit(100, 1_000),
  }),
  request: z.strictObject({ request: id, account: id.optional() }),
  balances: z.strictObject({
    account: id.optional(),
    currency: currency.optional(),
    limit: limit(20, 1_000),
  }),
  invoices: z.strictObject({
    account: id.optional(),
    currency: currency.optional(),
    status: id.optional(),
    limit: limit(20, 1_000),
  }),
  rejected: z.strictObject({ service: id, code: id, limit: limit(50, 500) }),
} as const;

export function readParameters<T>(schema: z.ZodType<T>, query: unknown): T {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((parameter) => ({ parameter, message: 'there is no such parameter' }))
      : [{ parameter: issue.path.join('.'), message: issue.message }],
  );
  throw new Problem('parameter_invalid', 'the parameters are not usable', { details });
}

export function dayAfter(date: string, days = 1): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}
