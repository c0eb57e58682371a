/**
 * Reads the LiteLLM price map.
 *
 * Job: turn the parsed file into prices, and into a list of everything that could not become one. Boundary: pure; the
 * file was parsed without making floats (`schemas/json-exact.ts`), and an operator decides what to do with the list.
 *
 * Invariants:
 *  1. Every key of the map is either a model in `prices` or named in `skipped`, never both.
 *  2. Every price field is a rate of its model or an entry of `inexpressible` with its value.
 *  3. A model is withheld where a price that we cannot express would be replaced by another one: a rate too fine, prices
 *     by range or hour, or token prices that are all zero beside a price in another unit. Nothing is rounded.
 */
import { type Amount, parseAmount, ZERO } from '../../schemas/amount.ts';
import { compareAmounts } from '../../schemas/amount-arithmetic.ts';
import type { ModelPrice, TokenRate } from '../../schemas/generated/price-book.ts';
import { ValueError } from '../../schemas/value-error.ts';
import { type InexpressibleReason, meaningOf, type RateField } from './litellm-fields.ts';
import { TOKEN_CLASSES } from './model.ts';
import { PRICE_BOOK_LIMITS } from './price-book-index.ts';

export interface Inexpressible {
  readonly model: string;
  readonly field: string;
  readonly value: string;
  readonly reason: InexpressibleReason;
}

export interface Skipped {
  readonly model: string;
  readonly reason: 'not_a_model' | 'no_price' | 'no_token_price' | 'withheld';
}

export interface ImportedPrices {
  /** Ascending by model. */
  readonly prices: readonly ModelPrice[];
  readonly inexpressible: readonly Inexpressible[];
  readonly skipped: readonly Skipped[];
}

/** Top-level keys that describe the map. */
const NOT_MODELS: ReadonlySet<string> = new Set(['sample_spec', 'fallback_generalizations']);

const WITHHOLDING: ReadonlySet<InexpressibleReason> = new Set([
  'too_fine',
  'not_a_price',
  'contradiction',
  'tiered_pricing',
  'off_peak_pricing',
  'unknown_suffix',
]);

const CLASS_ORDER: readonly string[] = TOKEN_CLASSES;

/** Providers for which a prompt of exactly the size is already above it. */
const BOUNDARY_INCLUDED: ReadonlySet<string> = new Set(['xai']);

export function importLitellmMap(map: unknown): ImportedPrices {
  if (!isObject(map)) throw new ValueError('json_malformed', 'a price map is one JSON object');
  const prices: ModelPrice[] = [];
  const inexpressible: Inexpressible[] = [];
  const skipped: Skipped[] = [];
  for (const [model, entry] of Object.entries(map).sort(byKey)) {
    const provider = isObject(entry) ? entry.litellm_provider : undefined;
    if (NOT_MODELS.has(model) || !isObject(entry) || typeof provider !== 'string') {
      skipped.push({ model, reason: 'not_a_model' });
      continue;
    }
    const read = readModel(model, provider, entry);
    inexpressible.push(...read.faults);
    const reason = reasonToSkip(read);
    if (reason === null) prices.push({ provider, model, rates: read.rates.sort(byClass) });
    else skipped.push({ model, reason });
  }
  return { prices, inexpressible, skipped };
}

interface ModelReading {
  readonly rates: TokenRate[];
  readonly faults: readonly Inexpressible[];
}

function readModel(model: string, provider: string, entry: Record<string, unknown>): ModelReading {
  const rates = new Map<string, TokenRate>();
  const faults: Inexpressible[] = [];
  for (const [field, value] of Object.entries(entry)) {
    const meaning = meaningOf(field);
    if (meaning.kind === 'context' || isNoNumber(field, value)) continue;
    const fault = (reason: InexpressibleReason): void => {
      faults.push({ model, field, value: textOf(value), reason });
    };
    if (meaning.kind === 'inexpressible') {
      fault(meaning.reason);
      continue;
    }
    const price = priceOf(value);
    if (typeof price === 'string') fault(price);
    else if (!addRate(rates, rateOf(meaning, provider, price))) fault('contradiction');
  }
  return { rates: [...rates.values()], faults };
}

function reasonToSkip({ rates, faults }: ModelReading): Skipped['reason'] | null {
  if (rates.length === 0 && faults.length === 0) return 'no_price';
  if (faults.some(({ reason }) => WITHHOLDING.has(reason))) return 'withheld';
  if (rates.length === 0) return 'no_token_price';
  const isFree = rates.every(({ pricePerToken }) => pricePerToken === ZERO);
  return isFree && faults.some(({ value }) => /[1-9]/.test(value)) ? 'withheld' : null;
}

/** False when the rate is there already with another price. */
function addRate(rates: Map<string, TokenRate>, rate: TokenRate): boolean {
  const key = `${rate.tokenClass}/${rate.serviceTier}/${rate.abovePromptTokens}`;
  const known = rates.get(key);
  if (known !== undefined) return known.pricePerToken === rate.pricePerToken;
  rates.set(key, rate);
  return true;
}

function rateOf(field: RateField, provider: string, pricePerToken: Amount): TokenRate {
  const { tokenClass, serviceTier, abovePromptTokens } = field;
  const boundaryIncluded = abovePromptTokens > 0 && BOUNDARY_INCLUDED.has(provider);
  return { tokenClass, serviceTier, abovePromptTokens, boundaryIncluded, pricePerToken };
}

function priceOf(value: unknown): Amount | 'too_fine' | 'not_a_price' {
  if (typeof value !== 'number' && typeof value !== 'string') return 'not_a_price';
  try {
    const price = parseAmount(String(value));
    const isInRange =
      compareAmounts(price, ZERO) >= 0 && compareAmounts(price, PRICE_BOOK_LIMITS.priceMax) <= 0;
    return isInRange ? price : 'not_a_price';
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return error.code === 'amount_too_precise' ? 'too_fine' : 'not_a_price';
  }
}

/** `provider_specific_entry` holds factors for some models and only settings for others. */
function isNoNumber(field: string, value: unknown): boolean {
  if (field !== 'provider_specific_entry' || !isObject(value)) return false;
  return Object.values(value).every((entry) => typeof priceOf(entry) === 'string');
}

function byClass(left: TokenRate, right: TokenRate): number {
  if (left.serviceTier !== right.serviceTier) return left.serviceTier < right.serviceTier ? -1 : 1;
  if (left.abovePromptTokens !== right.abovePromptTokens) {
    return left.abovePromptTokens - right.abovePromptTokens;
  }
  return classRank(left) - classRank(right);
}

function classRank(rate: TokenRate): number {
  return CLASS_ORDER.indexOf(rate.tokenClass);
}

function byKey([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
