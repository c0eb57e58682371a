/** A query port of canned rows, with hostile names among them, and a console over it. */
import type { FastifyInstance } from 'fastify';
import type { QualityRow, SpendRow, UsageQuestion } from '../../../infra/analytics/queries.ts';
import { buildConsole } from '../../../services/console/app.ts';
import type { ProofPort, ShownProof } from '../../../services/console/proof-file.ts';
import type { QueryPort } from '../../../services/console/query-port.ts';

export const HOSTILE = `<img src=x onerror="document.title='owned'">"'&\u202E`;
export const DAYS = ['2026-03-09', '2026-03-10', '2026-03-12'] as const;

export interface Asked {
  readonly name: keyof QueryPort;
  readonly question: unknown;
}

export interface FakePort extends QueryPort {
  /** Every question so far, in order. */
  readonly asked: Asked[];
  /** Thrown by every question while it is set. */
  failure: Error | null;
}

function spendRow(row: Partial<SpendRow>, keys: SpendRow['keys']): SpendRow {
  const numbers = { uses: 2, inputTokens: 1_000, outputTokens: 50, cacheReadTokens: 10 };
  return { currency: 'USD', cost: '1.000000000001', savedByCache: '0.1', ...numbers, ...row, keys };
}

export function spendRows(question: UsageQuestion): readonly SpendRow[] {
  if (question.by.includes('day'))
    return DAYS.flatMap((day) => [
      spendRow({}, { day, provider: 'openai', model: 'gpt-4.1' }),
      spendRow({ cost: '0.5' }, { day, provider: 'anthropic', model: HOSTILE }),
      spendRow({ currency: 'XXX', cost: '0', uses: 1 }, { day, provider: 'late', model: 'unpriced' }),
    ]);
  if (question.by.includes('account'))
    return [spendRow({}, { account: HOSTILE }), spendRow({}, { account: 'acme' })];
  return [spendRow({}, { provider: 'openai', model: 'gpt-4.1' })];
}

const QUALITY: readonly QualityRow[] = [
  {
    keys: { provider: 'openai', model: 'gpt-4.1' },
    uses: 6,
    p50Ms: 100,
    p95Ms: 900,
    p99Ms: 1_500,
    errorRate: 0.125,
    cacheHitRate: null,
  },
];

const COMPONENTS: [string, number, string, string][] = [
  ['input', 600, '0.000001', '0.0006'],
  ['output', 7, '0.000000000001', '0.000000000007'],
];
const AMOUNT = '0.000600000007';
const POSTING = {
  entryId: 'charge:use:req-1',
  kind: 'charge',
  reference: 'use:req-1',
  currency: 'USD',
  bookedAt: '2026-03-10 12:00:01.000',
};

const EXPLANATION: Awaited<ReturnType<QueryPort['explainRequest']>> = {
  uses: [
    {
      accountId: 'acme',
      amends: '',
      provider: 'openai',
      model: 'gpt-4.1',
      apiKeyId: 'key-1',
      projectId: HOSTILE,
      costCentre: 'cc-1',
      useCase: 'answers',
      traceId: 't-1',
      businessOutcomeId: '',
      status: 'success',
      latencyMs: 850,
      inputTokens: 600,
      outputTokens: 7,
      cacheReadTokens: 0,
      occurredAt: '2026-03-10 12:00:00.000',
      costStatus: 'priced',
      suspenseReason: '',
      cost: AMOUNT,
      currency: 'USD',
      priceBookId: 'list',
      priceBookVersion: 3,
      allocationMethod: 'direct',
      components: COMPONENTS,
      place: ['cost-events', 1, 41],
      cause: ['usage-events', 1, 40],
    },
  ],
  charges: [
    {
      chargeId: 'use:req-1',
      accountId: 'acme',
      kind: 'usage',
      status: 'rated',
      lineClass: 'usage',
      amends: '',
      amount: AMOUNT,
      currency: 'USD',
      contractId: 'contract-1',
      contractVersion: 2,
      priceBookId: 'standard',
      priceBookVersion: 1,
      components: COMPONENTS,
      place: ['charges', 1, 42],
      cause: ['usage-events', 1, 40],
    },
  ],
  postings: [
    {
      ...POSTING,
      ledgerAccount: 'receivable',
      debit: AMOUNT,
      credit: '0',
      place: ['journal', 1, 43],
      cause: ['charges', 1, 42],
    },
    {
      ...POSTING,
      ledgerAccount: 'revenue',
      debit: '0',
      credit: AMOUNT,
      place: ['journal', 1, 43],
      cause: ['charges', 1, 42],
    },
  ],
  invoices: [
    {
      invoiceNumber: 'BILL-acme-202603',
      billingPeriod: '2026-03',
      status: 'draft',
      total: '0',
      currency: 'USD',
      place: ['invoices', 1, 44],
    },
  ],
  rejections: [
    {
      kind: 'refusal',
      service: 'rating',
      code: 'conflict',
      field: 'requestId',
      message: HOSTILE,
      origin: ['usage-events', 1, 45],
    },
  ],
};

const NOTHING: typeof EXPLANATION = { uses: [], charges: [], postings: [], invoices: [], rejections: [] };

export function fakePort(): FakePort {
  const asked: Asked[] = [];
  const port: FakePort = {
    asked,
    failure: null,
    newestDay: () => answer('newestDay', null, '2026-03-12'),
    spendBy: (question) => answer('spendBy', question, spendRows(question)),
    qualityBy: (question) => answer('qualityBy', question, QUALITY),
    requests: (question) => answer('requests', question, requestRows(question.limit)),
    explainRequest: (question) =>
      answer('explainRequest', question, question.requestId === 'req-1' ? EXPLANATION : NOTHING),
    balances: (question) =>
      answer('balances', question, [
        {
          accountId: HOSTILE,
          currency: 'USD',
          available: '0',
          reserved: '0',
          held: '0',
          overdraft: '12.000000000001',
          entries: 4,
          asOf: '2026-03-12 00:00:00.000',
          place: ['balances', 0, 1],
        },
      ]),
    balanceTotals: () =>
      answer('balanceTotals', null, [
        {
          currency: 'USD',
          accounts: 2,
          overdrawn: 1,
          available: '5',
          reserved: '0',
          held: '0',
          overdraft: '12.000000000001',
        },
      ]),
    invoices: (question) =>
      answer('invoices', question, [
        {
          invoiceId: 'acme/2026-02',
          invoiceNumber: HOSTILE,
          accountId: 'acme',
          billingPeriod: '2026-02',
          status: 'issued',
          version: 3,
          currency: 'USD',
          exactTotal: '693.005',
          roundingTotal: '0.005',
          total: '693.01',
          issuedAt: '2026-03-01 00:00:00.000',
          lines: [['fee', 'Fees', 1, 1, '693.005', '693.01', '0.005']],
          place: ['invoices', 0, 9],
        },
      ]),
    invoiceTotals: () =>
      answer('invoiceTotals', null, [
        { currency: 'USD', status: 'draft', invoices: 2, total: '1.5' },
        { currency: 'USD', status: 'issued', invoices: 1, total: '693.01' },
      ]),
    ledgerAccounts: () =>
      answer('ledgerAccounts', null, [
        {
          currency: 'USD',
          ledgerAccount: 'receivable',
          debits: '9.000000000001',
          credits: '0',
          balance: '9.000000000001',
          postings: 2,
        },
        {
          currency: 'USD',
          ledgerAccount: 'revenue',
          debits: '0',
          credits: '9.000000000001',
          balance: '-9.000000000001',
          postings: 2,
        },
      ]),
    rejectedCounts: () =>
      answer('rejectedCounts', null, [
        { kind: 'refusal', service: 'rating', code: 'conflict', count: 3 },
        { kind: 'dead_letter', service: 'rating', code: 'undecodable', count: 1 },
        { kind: 'refusal', service: 'rating', code: 'of_a_later_version', count: 1 },
      ]),
    rejectedRecords: (question) =>
      answer('rejectedRecords', question, [
        {
          kind: 'refusal',
          field: 'requestId',
          message: HOSTILE,
          accountId: HOSTILE,
          recordId: 'req-1',
          recordedAt: '2026-03-10 12:00:02.000',
          origin: ['usage-events', 1, 45],
        },
      ]),
  };
  async function answer<T>(name: keyof QueryPort, question: unknown, rows: T): Promise<T> {
    asked.push({ name, question });
    if (port.failure !== null) throw port.failure;
    return rows;
  }
  return port;
}

function requestRows(limit: number) {
  return Array.from({ length: Math.min(limit, 120) }, (_, index) => ({
    requestId: `req-${index + 1}`,
    occurredAt: '2026-03-10 12:00:00.000',
    status: 'success',
    costStatus: 'priced',
    latencyMs: 850,
    inputTokens: 600,
    outputTokens: 7,
    cost: AMOUNT,
    currency: 'USD',
  }));
}

export const PROOF: ShownProof = {
  checks: [
    { name: 'every journal entry balances', holds: true, detail: 'no entry out of balance' },
    { name: 'a check of a later version', holds: true, detail: HOSTILE },
  ],
  failed: 0,
  totals: { 'uses accepted': 6, charged: 'USD 3.000000000003' },
  run: { sent: 7, feedSeconds: 1.5, drainSeconds: 0.5, killed: { service: 'rating', before: 10, after: 11 } },
  writtenAt: '2026-03-12T12:00:00.000Z',
};

export function openConsole(
  queries: QueryPort,
  proof: ProofPort = { read: async () => PROOF },
): FastifyInstance {
  return buildConsole({ queries, proof, hostNames: ['ledger.example'] });
}
