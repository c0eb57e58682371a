/**
 * POST /v1/payments: a payment provider's fact (L4).
 *
 * The caller cannot say that a payment is verified. The request is read only after the provider confirmed it, so every
 * record written here is.
 */
import { z } from 'zod';
import { parseCurrency } from '../../../schemas/currency.ts';
import { listed } from './list-fields.ts';
import { amount, instant } from './number-fields.ts';
import { requestReader } from './read-request.ts';
import { accountId, id, parsedText } from './text-fields.ts';

export const readPayment = requestReader({
  schema: z.strictObject({
    paymentId: id('paymentId'),
    accountId,
    provider: id('provider'),
    providerEventId: id('providerEventId'),
    kind: listed(['succeeded', 'failed', 'refunded'], 'invalid_kind'),
    amount: amount('positive'),
    currency: parsedText(parseCurrency),
    occurredAt: instant,
  }),
  times: ['occurredAt'],
  publications: (value) => [{ topic: 'payment-events', value: { ...value, verified: true } }],
});
