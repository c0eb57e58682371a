/**
 * Sends records through the gateway in batches, as a producer would: JSON, an API key, a signature for payments.
 *
 * Boundary: HTTP only. A refusal of the gateway is an answer, not an error; anything else that is no 2xx is.
 */
import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { amountOfUnits, formatAmount } from '../../schemas/amount.ts';
import { formatInstant, instantOfMillis } from '../../schemas/instant.ts';

const BATCH_RECORDS_MAX = 500;
const OVERLOAD_PAUSE_MS = 50;
const OVERLOAD_ATTEMPTS_MAX = 200;

export interface GatewayAccess {
  readonly url: string;
  readonly gatewayApiKey: string;
  readonly paymentSecret: string;
}

const Answer = z.object({ accepted: z.number().int() });

/** Posts all records; resolves with how many the gateway accepted. */
export async function postAll(
  access: GatewayAccess,
  path: string,
  records: readonly object[],
): Promise<number> {
  let accepted = 0;
  for (let start = 0; start < records.length; start += BATCH_RECORDS_MAX) {
    accepted += await post(access, path, records.slice(start, start + BATCH_RECORDS_MAX));
  }
  return accepted;
}

async function post(access: GatewayAccess, path: string, records: readonly object[]): Promise<number> {
  const body = JSON.stringify({ events: records.map((record) => jsonOf(record)) });
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    authorization: `Bearer ${access.gatewayApiKey}`,
    'x-payment-signature': createHmac('sha256', access.paymentSecret).update(body).digest('hex'),
  };
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(`${access.url}${path}`, { method: 'POST', headers, body });
    if (response.ok) return Answer.parse(await response.json()).accepted;
    const isOverloaded = response.status === 503 && attempt < OVERLOAD_ATTEMPTS_MAX;
    const text = await response.text();
    if (!isOverloaded)
      throw new Error(`the gateway answered ${response.status} to ${path}: ${text.slice(0, 500)}`);
    await pause(OVERLOAD_PAUSE_MS);
  }
}

/** A record as the gateway reads it: amounts as decimal text, instants as RFC 3339. */
export function jsonOf(value: unknown, key = ''): unknown {
  if (typeof value === 'bigint') return formatAmount(amountOfUnits(value));
  if (typeof value === 'number' && key.endsWith('At')) return formatInstant(instantOfMillis(value));
  if (Array.isArray(value)) return value.map((item) => jsonOf(item));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, jsonOf(item, name)]));
}
