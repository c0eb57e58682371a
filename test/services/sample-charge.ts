/** A charge of which a test names only what it is about. */
import { parseAmount } from '../../schemas/amount.ts';
import type { Charge } from '../../schemas/generated/charge.ts';
import { parseAccountId } from '../../schemas/ids.ts';
import { parseInstant } from '../../schemas/instant.ts';

const NOON = parseInstant('2026-03-10T12:00:00Z');

export function charge(more: Partial<Charge> = {}): Charge {
  return {
    chargeId: 'c1',
    accountId: parseAccountId('acme'),
    kind: 'usage',
    status: 'rated',
    lineClass: 'usage',
    requestId: 'c1',
    decisionId: null,
    amends: null,
    amount: parseAmount('1'),
    currency: 'USD',
    components: [],
    contractId: null,
    contractVersion: null,
    priceBookId: null,
    priceBookVersion: null,
    suspenseReason: null,
    projectId: null,
    costCentre: null,
    apiKeyId: null,
    provider: null,
    model: null,
    occurredAt: NOON,
    recordedAt: NOON,
    cause: { topic: 'usage-events', partition: 0, offset: 0 },
    ...more,
  };
}
