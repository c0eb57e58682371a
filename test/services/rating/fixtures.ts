/** Accounts, contracts, uses and decisions with every field set, of which a test names only what it is about. */
import type { Account } from '../../../schemas/generated/account.ts';
import type { Contract, OutcomePlan } from '../../../schemas/generated/contract.ts';
import type { OutcomeDecision } from '../../../schemas/generated/outcome-decision.ts';
import type { UsageEvent } from '../../../schemas/generated/usage-event.ts';
import { parseAccountId } from '../../../schemas/ids.ts';
import { at, usd } from '../pricing/fixtures.ts';

export function account(changes: Partial<Account> = {}): Account {
  return {
    accountId: parseAccountId('acme'),
    version: 1,
    name: 'Acme',
    currency: 'USD',
    timeZone: 'UTC',
    status: 'active',
    effectiveAt: at('2026-01-01'),
    ...changes,
  };
}

/** The plan of document 000, section 3.3, mode A. */
export const MODE_A: OutcomePlan = {
  baseFee: usd('99.00'),
  includedOutcomes: 100,
  overageFactor: usd('0.8'),
  prices: [
    { outcomeType: 'ticket_resolved', price: usd('2.50'), baseRate: usd('0.50') },
    { outcomeType: 'lead_generated', price: usd('5.00'), baseRate: usd('1.00') },
    { outcomeType: 'document_translated', price: usd('0.10'), baseRate: usd('0.02') },
  ],
};

export function contract(changes: Partial<Contract> = {}): Contract {
  return {
    contractId: 'c-1',
    accountId: parseAccountId('acme'),
    version: 1,
    effectiveAt: at('2026-01-01'),
    billingMode: 'postpaid',
    priceBookId: 'list',
    usageMarkup: usd('1'),
    outcomePlan: null,
    grants: [],
    overdraftLimit: null,
    ...changes,
  };
}

export function use(changes: Partial<UsageEvent> = {}): UsageEvent {
  return {
    requestId: 'r-1',
    accountId: parseAccountId('acme'),
    projectId: 'p-1',
    apiKeyId: 'key-1',
    kind: 'model',
    provider: 'openai',
    model: 'gpt-4o',
    serviceTier: 'standard',
    inputTokens: 1_000,
    outputTokens: 100,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    calls: 1,
    characters: 0,
    gpuMillis: 0,
    latencyMs: 250,
    status: 'success',
    errorCode: null,
    occurredAt: at('2026-03-10T12:00:00Z'),
    sessionId: null,
    traceId: 't-1',
    businessUnit: 'support',
    costCentre: 'cc-7',
    useCase: 'tickets',
    workflowStep: 'draft',
    riskTier: 'low',
    environment: 'production',
    userRole: 'agent',
    routePolicyVersion: '1',
    cacheStatus: 'none',
    businessOutcomeId: null,
    sourceId: null,
    sourceSequence: null,
    backfill: false,
    sentAt: null,
    ...changes,
  };
}

export function decision(changes: Partial<OutcomeDecision> = {}): OutcomeDecision {
  return {
    decisionId: 'd-1',
    claimId: 'claim-1',
    accountId: parseAccountId('acme'),
    outcomeType: 'ticket_resolved',
    caseId: 'case-1',
    projectId: 'p-1',
    costCentre: 'cc-7',
    bucket: 'auto',
    billable: true,
    basis: 'verification',
    reason: 'confidence_high',
    confidence: usd('0.95'),
    definitionVersion: 1,
    policyVersion: '1',
    claimedAt: at('2026-03-10T12:00:00Z'),
    decidedAt: at('2026-03-10T12:01:00Z'),
    cause: { topic: 'outcome-verifications', partition: 0, offset: 0 },
    ...changes,
  };
}
