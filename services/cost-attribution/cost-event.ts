/**
 * The cost event of one use.
 *
 * Boundary: the price is found; here it is multiplied and written down.
 *
 * Invariants:
 *  1. Every admitted use has one cost event that amends nothing: priced, or in suspense with amount 0.
 *  2. A use that left suspense has one more, which amends the first and holds the whole amount.
 *  3. A failed call is costed like any other (C4). The amount is the exact sum of the components.
 */
import { ZERO } from '../../schemas/amount.ts';
import type { Cause, CostEvent } from '../../schemas/generated/cost-event.ts';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { cacheSavings, priceTokens, sumOf } from '../pricing/price-tokens.ts';
import type { Priced } from './assess-cost.ts';
import type { CostInput } from './model.ts';

/** ISO 4217's code for no currency: without a book nobody knows what the use was paid in. */
const NO_CURRENCY = 'XXX';

type Cost = Pick<
  CostEvent,
  | 'costStatus'
  | 'suspenseReason'
  | 'components'
  | 'amount'
  | 'currency'
  | 'cacheSavings'
  | 'priceBookId'
  | 'priceBookVersion'
>;

const UNKNOWN_COST: Cost = {
  costStatus: 'suspense',
  suspenseReason: 'price_missing',
  components: [],
  amount: ZERO,
  currency: NO_CURRENCY,
  cacheSavings: ZERO,
  priceBookId: null,
  priceBookVersion: null,
};

export function costEvent(input: CostInput<'usage-events'>, found: Priced): CostEvent {
  return eventOf(input, costOf(input.value, found));
}

export function suspenseEvent(input: CostInput<'usage-events'>): CostEvent {
  return eventOf(input, UNKNOWN_COST);
}

/** Completes the event in suspense; the cause is what brought the price. */
export function backfillEvent(suspended: CostEvent, found: Priced, cause: Cause): CostEvent {
  return {
    ...suspended,
    ...costOf(suspended, found),
    costEventId: `cost-fill:${suspended.requestId}`,
    amends: suspended.costEventId,
    cause,
  };
}

function costOf(use: UsageEvent | CostEvent, { book, rates }: Priced): Cost {
  const components = priceTokens(rates, use);
  return {
    costStatus: 'priced',
    suspenseReason: null,
    components,
    amount: sumOf(components),
    currency: book.currency,
    cacheSavings: cacheSavings(rates, use),
    priceBookId: book.priceBookId,
    priceBookVersion: book.version,
  };
}

/** Field by field, because this runs once per use and copying by spread is several times slower. */
function eventOf({ value: use, recordedAt, cause }: CostInput<'usage-events'>, cost: Cost): CostEvent {
  return {
    requestId: use.requestId,
    accountId: use.accountId,
    projectId: use.projectId,
    apiKeyId: use.apiKeyId,
    kind: use.kind,
    provider: use.provider,
    model: use.model,
    serviceTier: use.serviceTier,
    inputTokens: use.inputTokens,
    outputTokens: use.outputTokens,
    cacheReadTokens: use.cacheReadTokens,
    cacheWriteTokens: use.cacheWriteTokens,
    reasoningTokens: use.reasoningTokens,
    calls: use.calls,
    characters: use.characters,
    gpuMillis: use.gpuMillis,
    latencyMs: use.latencyMs,
    status: use.status,
    errorCode: use.errorCode,
    occurredAt: use.occurredAt,
    sessionId: use.sessionId,
    traceId: use.traceId,
    businessUnit: use.businessUnit,
    costCentre: use.costCentre,
    useCase: use.useCase,
    workflowStep: use.workflowStep,
    riskTier: use.riskTier,
    environment: use.environment,
    userRole: use.userRole,
    routePolicyVersion: use.routePolicyVersion,
    cacheStatus: use.cacheStatus,
    businessOutcomeId: use.businessOutcomeId,
    recordedAt,
    costEventId: `cost:${use.requestId}`,
    amends: null,
    costStatus: cost.costStatus,
    suspenseReason: cost.suspenseReason,
    components: cost.components,
    amount: cost.amount,
    currency: cost.currency,
    cacheSavings: cost.cacheSavings,
    priceBookId: cost.priceBookId,
    priceBookVersion: cost.priceBookVersion,
    allocationMethod: 'direct',
    cause,
    sourceId: use.sourceId,
    sourceSequence: use.sourceSequence,
    sentAt: use.sentAt,
  };
}
