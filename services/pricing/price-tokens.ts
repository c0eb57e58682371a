/**
 * Multiplies token counts with unit prices.
 *
 * Boundary: the rates are already chosen. Admission has made sure that the parts of a count do not exceed it.
 *
 * Invariants:
 *  1. The amounts are exact: nothing is rounded here.
 *  2. Quantities of the components sum to input plus output tokens; a token is billed once.
 *  3. A class that was used and has no price makes the whole use unpriced; it is never billed as zero.
 */
import { type Amount, ZERO } from '../../schemas/amount.ts';
import { addAmounts, subtractAmounts, timesCount } from '../../schemas/amount-arithmetic.ts';
import type { ModelRates, PricedComponent, TokenClass, TokenUse } from './model.ts';

interface Counts {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cacheWrite1h: number;
  readonly reasoning: number;
}

/** The class for which a price is missing, or null when the use can be priced. */
export function missingClass(rates: ModelRates, use: TokenUse): TokenClass | null {
  if (rates.input === null && freshInput(rates, use) > 0) return 'input';
  if (rates.output === null && plainOutput(rates, use) > 0) return 'output';
  return null;
}

/** One component per class that was used; none for a use without tokens. */
export function priceTokens(rates: ModelRates, use: TokenUse): readonly PricedComponent[] {
  const counts = countsOf(rates, use);
  const components: PricedComponent[] = [];
  add(components, component('input', counts.input, rates.input));
  add(components, component('cache_read', counts.cacheRead, rates.cacheRead));
  add(components, component('cache_write', counts.cacheWrite, rates.cacheWrite));
  add(components, component('cache_write_1h', counts.cacheWrite1h, rates.cacheWrite1h));
  add(components, component('output', counts.output, rates.output));
  add(components, component('reasoning', counts.reasoning, rates.reasoning));
  return components;
}

export function sumOf(components: readonly { readonly amount: Amount }[]): Amount {
  let sum = ZERO;
  for (const { amount } of components) sum = addAmounts(sum, amount);
  return sum;
}

/** What the cached tokens would have cost more as fresh input of the same request. */
export function cacheSavings(rates: ModelRates, use: TokenUse): Amount {
  if (rates.input === null || rates.cacheRead === null || use.cacheReadTokens === 0) return ZERO;
  return subtractAmounts(
    timesCount(rates.input, use.cacheReadTokens),
    timesCount(rates.cacheRead, use.cacheReadTokens),
  );
}

function countsOf(rates: ModelRates, use: TokenUse): Counts {
  const written1h = use.cacheWrite1hTokens ?? 0;
  return {
    input: freshInput(rates, use),
    output: plainOutput(rates, use),
    cacheRead: rates.cacheRead === null ? 0 : use.cacheReadTokens,
    cacheWrite: rates.cacheWrite === null ? 0 : use.cacheWriteTokens - written1h,
    cacheWrite1h: rates.cacheWrite1h === null ? 0 : written1h,
    reasoning: rates.reasoning === null ? 0 : use.reasoningTokens,
  };
}

/** Tokens at the input price: what no cache price covers. */
function freshInput(rates: ModelRates, use: TokenUse): number {
  const written1h = use.cacheWrite1hTokens ?? 0;
  let fresh = use.inputTokens;
  if (rates.cacheRead !== null) fresh -= use.cacheReadTokens;
  if (rates.cacheWrite !== null) fresh -= use.cacheWriteTokens - written1h;
  if (rates.cacheWrite1h !== null) fresh -= written1h;
  return fresh;
}

function plainOutput(rates: ModelRates, use: TokenUse): number {
  return rates.reasoning === null ? use.outputTokens : use.outputTokens - use.reasoningTokens;
}

function component(
  tokenClass: TokenClass,
  quantity: number,
  unitPrice: Amount | null,
): PricedComponent | null {
  if (quantity === 0 || unitPrice === null) return null;
  return { tokenClass, quantity, unitPrice, amount: timesCount(unitPrice, quantity) };
}

function add(components: PricedComponent[], found: PricedComponent | null): void {
  if (found !== null) components.push(found);
}
