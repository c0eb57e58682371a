/** POST /v1/accounts: a version of a billing account. */
import { z } from 'zod';
import { parseTimeZone } from '../../../schemas/billing-period.ts';
import { parseCurrency } from '../../../schemas/currency.ts';
import { listed } from './list-fields.ts';
import { count, instant } from './number-fields.ts';
import { requestReader } from './read-request.ts';
import { accountId, parsedText, text } from './text-fields.ts';

export const readAccount = requestReader({
  schema: z.strictObject({
    accountId,
    version: count({ min: 1 }),
    name: text,
    currency: parsedText(parseCurrency),
    timeZone: parsedText(parseTimeZone),
    status: listed(['active', 'closed'], 'invalid_status').default('active'),
    effectiveAt: instant,
  }),
  times: [],
  publications: (value) => [{ topic: 'accounts', value }],
});
