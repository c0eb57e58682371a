/**
 * Turns the rates of one model into a structure that answers "what does a token cost in this request" at once.
 *
 * Boundary: one `ModelPrice` in, prices by service tier and prompt size out. Counting tokens is in `price-tokens.ts`.
 *
 * Invariants:
 *  1. The size of a request is its TOTAL prompt. Above a size, every class takes that size's price where it has one.
 *  2. For each class the order is: the largest size passed, in the request's service tier, then in `standard`; then the
 *     next smaller size; last the base. A service tier that the model does not sell has no price at all.
 *  3. Reasoning is billed as output where the output price comes from a nearer step than the reasoning price: a tier
 *     with its own output price bills reasoning at it.
 *  4. A class without any price is null; what that means is in `model.ts`.
 */
import type { Amount } from '../../schemas/amount.ts';
import type { ModelPrice, TokenRate } from '../../schemas/generated/price-book.ts';
import type { ModelRates, TokenClass, TokenUse } from './model.ts';

const STANDARD = 'standard';

interface Size {
  readonly above: number;
  /** Whether a prompt of exactly `above` tokens has passed it. */
  readonly boundaryIncluded: boolean;
}

interface SizeStep extends Size {
  readonly rates: ModelRates;
}

/** By service tier: the steps from the largest size down to the base, which every prompt passes. */
export type ResolvedModel = ReadonlyMap<string, readonly SizeStep[]>;

export function resolveModel(price: ModelPrice): ResolvedModel {
  const tiers = new Set(price.rates.map((rate) => rate.serviceTier));
  return new Map([...tiers].map((tier) => [tier, stepsOf(price.rates, tier)]));
}

/** Null when the model is not sold at this service tier. */
export function ratesFor(model: ResolvedModel, use: TokenUse): ModelRates | null {
  const steps = model.get(use.serviceTier);
  if (steps === undefined) return null;
  for (const step of steps) {
    if (use.inputTokens > step.above || (step.boundaryIncluded && use.inputTokens === step.above)) {
      return step.rates;
    }
  }
  return null;
}

function stepsOf(rates: readonly TokenRate[], tier: string): readonly SizeStep[] {
  const sizes = sizesOf(rates, tier);
  return sizes.map((size, index) => {
    const levels = sizes.slice(index).flatMap((passed) => levelsAt(rates, tier, passed));
    return { ...size, rates: ratesOf(levels) };
  });
}

/** Largest first; at equal size the strict boundary lies above the included one. The base ends the list. */
function sizesOf(rates: readonly TokenRate[], tier: string): readonly Size[] {
  const sizes = new Map<string, Size>([['base', { above: 0, boundaryIncluded: true }]]);
  for (const { serviceTier, abovePromptTokens, boundaryIncluded } of rates) {
    if (abovePromptTokens === 0 || (serviceTier !== tier && serviceTier !== STANDARD)) continue;
    sizes.set(`${abovePromptTokens}/${boundaryIncluded}`, { above: abovePromptTokens, boundaryIncluded });
  }
  return [...sizes.values()].sort(
    (left, right) =>
      right.above - left.above || Number(left.boundaryIncluded) - Number(right.boundaryIncluded),
  );
}

type Level = ReadonlyMap<string, Amount>;

/** The prices stated at one size: of the tier itself, then of the standard tier. */
function levelsAt(rates: readonly TokenRate[], tier: string, size: Size): readonly Level[] {
  const tiers = tier === STANDARD ? [STANDARD] : [tier, STANDARD];
  return tiers.map(
    (wanted) =>
      new Map(
        rates
          .filter((rate) => rate.serviceTier === wanted && isAt(rate, size))
          .map((rate) => [rate.tokenClass, rate.pricePerToken]),
      ),
  );
}

function isAt(rate: TokenRate, size: Size): boolean {
  if (rate.abovePromptTokens !== size.above) return false;
  return size.above === 0 || rate.boundaryIncluded === size.boundaryIncluded;
}

function ratesOf(levels: readonly Level[]): ModelRates {
  const cacheWrite = nearest(levels, 'cache_write');
  const output = levelOf(levels, 'output');
  const reasoning = levelOf(levels, 'reasoning');
  return {
    input: nearest(levels, 'input'),
    output: nearest(levels, 'output'),
    cacheRead: nearest(levels, 'cache_read'),
    cacheWrite,
    cacheWrite1h: nearest(levels, 'cache_write_1h') ?? cacheWrite,
    reasoning: reasoning <= output ? nearest(levels, 'reasoning') : null,
  };
}

function nearest(levels: readonly Level[], tokenClass: TokenClass): Amount | null {
  return levels[levelOf(levels, tokenClass)]?.get(tokenClass) ?? null;
}

/** Index of the nearest level that prices the class, or the number of levels where none does. */
function levelOf(levels: readonly Level[], tokenClass: TokenClass): number {
  const index = levels.findIndex((level) => level.has(tokenClass));
  return index < 0 ? levels.length : index;
}
