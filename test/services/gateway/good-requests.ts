/** One acceptable request for every path; tests change one thing at a time. */

export type Json = Readonly<Record<string, unknown>>;

const at = '2026-03-10T11:59:00Z';

const usage: Json = {
  requestId: 'req-1',
  accountId: 'acme',
  apiKeyId: 'key-1',
  provider: 'openai',
  model: 'gpt-5',
  inputTokens: 1_000,
  outputTokens: 200,
  cacheReadTokens: 600,
  latencyMs: 850,
  status: 'success',
  occurredAt: at,
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  businessUnit: 'support',
  costCentre: 'cc-100',
  useCase: 'answer tickets',
  workflowStep: 'draft',
  riskTier: 'low',
  environment: 'production',
  userRole: 'agent',
  routePolicyVersion: 'v3',
  cacheStatus: 'hit',
};

const criteria: Json = {
  operator: 'and',
  children: [
    { operator: 'equals', field: 'status', values: ['resolved'] },
    { operator: 'greater_than', field: 'rating', values: [3] },
    { operator: 'exists', field: 'closedBy' },
  ],
};

export const GOOD = {
  '/v1/usage': usage,
  '/v1/outcomes/claims': {
    claimId: 'claim-1',
    accountId: 'acme',
    outcomeType: 'ticket_resolved',
    caseId: 'case-1',
    claimedAt: at,
  },
  '/v1/outcomes/verifications': {
    verificationId: 'verification-1',
    claimId: 'claim-1',
    accountId: 'acme',
    confidence: 0.93,
    fields: { status: 'resolved', rating: 4.5, reopened: false },
    verifier: 'crm',
    verifierVersion: '7',
    evidenceHash: 'sha256:0f',
    verifiedAt: at,
  },
  '/v1/payments': {
    paymentId: 'pay-1',
    accountId: 'acme',
    provider: 'bank',
    providerEventId: 'evt-1',
    kind: 'succeeded',
    amount: '250.00',
    currency: 'EUR',
    occurredAt: at,
  },
  '/v1/accounts': {
    accountId: 'acme',
    version: 1,
    name: 'Acme GmbH',
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    effectiveAt: at,
  },
  '/v1/contracts': {
    contractId: 'contract-1',
    accountId: 'acme',
    version: 1,
    effectiveAt: at,
    billingMode: 'prepaid',
    priceBookId: 'list',
    outcomePlan: {
      baseFee: '99.00',
      includedOutcomes: 100,
      overageFactor: 0.8,
      prices: [{ outcomeType: 'ticket_resolved', price: '2.50', baseRate: '0.10' }],
    },
    grants: [{ grantId: 'welcome', kind: 'promotional', amount: 50 }],
  },
  '/v1/price-books': {
    priceBookId: 'list',
    version: 1,
    purpose: 'customer',
    currency: 'EUR',
    effectiveAt: at,
    prices: [
      { provider: 'openai', model: 'gpt-5', rates: [{ tokenClass: 'input', pricePerToken: 1.25e-6 }] },
    ],
  },
  '/v1/outcome-definitions': {
    outcomeType: 'ticket_resolved',
    version: 1,
    effectiveAt: at,
    validationMethod: 'webhook_callback',
    criteria,
    verificationWindowMs: 30_000,
    fallbackAction: 'charge_base_rate',
    policyVersion: 'p1',
  },
} as const satisfies Readonly<Record<string, Json>>;

export type Path = keyof typeof GOOD;
