/**
 * The charge for one use.
 *
 * Boundary: the price is found; here it is multiplied and written down.
 *
 * Invariants:
 *  1. Every admitted use has exactly one charge of kind `usage`: rated, or in suspense with amount 0.
 *  2. A use that left suspense has one more, `usage_backfill`, which amends the first and holds the whole amount.
 *  3. The amount is the sum of its components. A markup is applied to the exact amount of each component and rounded
 *     half-even at 12 decimals, never to a rounded unit price; a markup of 1 rounds nothing.
 */
import { type Amount, parseAmount, ZERO } from '../../schemas/amount.ts';
import { multiplyAmounts } from '../../schemas/amount-arithmetic.ts';
import type { Charge, ChargeComponent } from '../../schemas/generated/charge.ts';
import { priceTokens, sumOf } from '../pricing/price-tokens.ts';
import type { Blocked, Priceable, Use } from './assess-use.ts';
import type { Origin } from './model.ts';

/** ISO 4217's code for no currency: the account is not known, so neither is what it pays in. */
const NO_CURRENCY = 'XXX';

const ONE = parseAmount('1');

export function ratedCharge(use: Use, found: Priceable, origin: Origin): Charge {
  return rated(use, found, { ...origin, chargeId: usageChargeId(use), kind: 'usage', amends: null });
}

/** Completes the charge in suspense, in the period in which the use took place. */
export function backfillCharge(use: Use, found: Priceable, origin: Origin): Charge {
  return rated(use, found, {
    ...origin,
    chargeId: `fill:${use.requestId}`,
    kind: 'usage_backfill',
    amends: usageChargeId(use),
  });
}

export function suspenseCharge(use: Use, blocked: Blocked, origin: Origin): Charge {
  return {
    chargeId: usageChargeId(use),
    accountId: use.accountId,
    kind: 'usage',
    status: 'suspense',
    lineClass: 'usage',
    requestId: use.requestId,
    decisionId: null,
    amends: null,
    amount: ZERO,
    currency: blocked.account?.currency ?? NO_CURRENCY,
    components: [],
    contractId: blocked.contract?.contractId ?? null,
    contractVersion: blocked.contract?.version ?? null,
    priceBookId: blocked.contract?.priceBookId ?? null,
    priceBookVersion: null,
    suspenseReason: blocked.code,
    projectId: use.projectId,
    costCentre: use.costCentre,
    apiKeyId: use.apiKeyId,
    provider: use.provider,
    model: use.model,
    occurredAt: use.occurredAt,
    recordedAt: origin.recordedAt,
    cause: origin.cause,
  };
}

/** What a use would be charged. */
export function amountOf(use: Use, rates: Priceable['rates'], markup: Amount): Amount {
  return sumOf(componentsOf(use, rates, markup));
}

function usageChargeId(use: Use): string {
  return `use:${use.requestId}`;
}

function rated(
  use: Use,
  { account, contract, book, rates }: Priceable,
  parts: Origin & Pick<Charge, 'chargeId' | 'kind' | 'amends'>,
): Charge {
  const components = componentsOf(use, rates, contract.usageMarkup);
  return {
    chargeId: parts.chargeId,
    accountId: use.accountId,
    kind: parts.kind,
    status: 'rated',
    lineClass: 'usage',
    requestId: use.requestId,
    decisionId: null,
    amends: parts.amends,
    amount: sumOf(components),
    currency: account.currency,
    components,
    contractId: contract.contractId,
    contractVersion: contract.version,
    priceBookId: book.priceBookId,
    priceBookVersion: book.version,
    suspenseReason: null,
    projectId: use.projectId,
    costCentre: use.costCentre,
    apiKeyId: use.apiKeyId,
    provider: use.provider,
    model: use.model,
    occurredAt: use.occurredAt,
    recordedAt: parts.recordedAt,
    cause: parts.cause,
  };
}

function componentsOf(use: Use, rates: Priceable['rates'], markup: Amount): readonly ChargeComponent[] {
  const priced = priceTokens(rates, use);
  if (markup === ONE) {
    return priced.map(({ tokenClass, quantity, unitPrice, amount }) => ({
      item: tokenClass,
      quantity,
      unitPrice,
      amount,
    }));
  }
  return priced.map(({ tokenClass, quantity, unitPrice, amount }) => ({
    item: tokenClass,
    quantity,
    unitPrice: multiplyAmounts(unitPrice, markup, 'half_even'),
    amount: multiplyAmounts(amount, markup, 'half_even'),
  }));
}
