/** Records for the sink's tests, as services would write them. */
import { type Amount, amountOfUnits } from '../../../schemas/amount.ts';
import type { Charge } from '../../../schemas/generated/charge.ts';
import type { CostEvent } from '../../../schemas/generated/cost-event.ts';
import type { JournalEntry, Posting } from '../../../schemas/generated/journal-entry.ts';
import { parseAccountId } from '../../../schemas/ids.ts';
import { instantOfMillis } from '../../../schemas/instant.ts';

/** The middle of a month, so that a test that wants a month's end says so. */
export const MID_MONTH = Date.UTC(2026, 2, 15, 12);

export function units(value: bigint): Amount {
  return amountOfUnits(value);
}

export function costEvent(index: number, change: Partial<CostEvent> = {}): CostEvent {
  const cost = units(1_000_000n * BigInt(index) + 1n);
  return {
    requestId: `req-${index}`,
    accountId: parseAccountId(`acct-${index % 7}`),
    projectId: index % 3 === 0 ? null : `project-${index % 2}`,
    apiKeyId: `key-${index % 5}`,
    kind: 'model',
    provider: 'openai',
    model: `model-${index % 4}`,
    serviceTier: 'standard',
    inputTokens: 100 + index,
    outputTokens: 20,
    cacheReadTokens: 10,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    calls: 1,
    characters: 0,
    gpuMillis: 0,
    latencyMs: 100 + (index % 900),
    status: index % 10 === 0 ? 'error' : 'success',
    errorCode: index % 10 === 0 ? 'rate_limited' : null,
    occurredAt: instantOfMillis(MID_MONTH - 1_000 + index),
    sessionId: null,
    traceId: `trace-${index}`,
    businessUnit: 'support',
    costCentre: 'cc-1',
    useCase: `use-case-${index % 2}`,
    workflowStep: 'answer',
    riskTier: 'low',
    environment: 'production',
    userRole: 'agent',
    routePolicyVersion: 'v1',
    cacheStatus: index % 2 === 0 ? 'hit' : 'miss',
    businessOutcomeId: null,
    recordedAt: instantOfMillis(MID_MONTH),
    costEventId: `cost-${index}`,
    amends: null,
    costStatus: 'priced',
    suspenseReason: null,
    components: [
      { tokenClass: 'input', quantity: 100 + index, unitPrice: units(1_000_000n), amount: cost },
      { tokenClass: 'output', quantity: 20, unitPrice: units(0n), amount: units(0n) },
    ],
    amount: cost,
    currency: 'USD',
    cacheSavings: units(5n),
    priceBookId: 'list',
    priceBookVersion: 3,
    allocationMethod: 'direct',
    cause: { topic: 'usage-events', partition: index % 2, offset: index },
    sourceId: null,
    sourceSequence: null,
    sentAt: null,
    ...change,
  };
}

/** The charge of a use, at cost. */
export function chargeFor(use: CostEvent): Charge {
  return {
    chargeId: `charge-${use.requestId}`,
    accountId: use.accountId,
    kind: 'usage',
    status: 'rated',
    lineClass: 'usage',
    requestId: use.requestId,
    decisionId: null,
    amends: null,
    amount: use.amount,
    currency: use.currency,
    components: [{ item: 'input', quantity: use.inputTokens, unitPrice: units(1n), amount: use.amount }],
    contractId: 'contract-1',
    contractVersion: 1,
    priceBookId: 'customer',
    priceBookVersion: 2,
    suspenseReason: null,
    projectId: use.projectId,
    costCentre: use.costCentre,
    apiKeyId: use.apiKeyId,
    provider: use.provider,
    model: use.model,
    occurredAt: use.occurredAt,
    recordedAt: use.recordedAt,
    cause: use.cause,
  };
}

export function journalEntry(index: number, amount: bigint): JournalEntry {
  const leg = (ledgerAccount: string, side: string): Posting => ({
    ledgerAccount,
    side,
    amount: units(amount),
    grantId: null,
  });
  return {
    entryId: `entry-${index}`,
    accountId: parseAccountId(`acct-${index % 7}`),
    kind: 'charge',
    currency: 'USD',
    postings: [leg('customer-credits', 'debit'), leg('revenue', 'credit')],
    reference: `charge-${index}`,
    occurredAt: instantOfMillis(MID_MONTH),
    bookedAt: instantOfMillis(MID_MONTH),
    cause: { topic: 'charges', partition: 0, offset: index },
  };
}
