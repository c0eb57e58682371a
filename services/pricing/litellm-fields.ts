/**
 * What each field of the LiteLLM price map means to us.
 *
 * Job: sort a field name into a token rate, a price we cannot express, or something that is no price. Boundary: names
 * only; values are read in `litellm-map.ts`.
 *
 * Invariants:
 *  1. Every name gets an answer, and a name nobody has thought of is `unknown_field`, never ignored.
 *  2. `CONTEXT` lists what is ignored; it holds nothing that changes an amount.
 */
import type { TokenClass } from './model.ts';

export type InexpressibleReason =
  /** More than 12 decimals. */
  | 'too_fine'
  /** Not a number, negative, or larger than any price. */
  | 'not_a_price'
  /** Two fields give the same rate differently. */
  | 'contradiction'
  /** Per image, second, character, query, page or call, or in a provider's own unit. */
  | 'other_unit'
  /** Audio, image and video tokens, citations: usage does not tell them apart. */
  | 'other_token_class'
  /** Cache writes kept longer than an hour. */
  | 'cache_lifetime'
  /** By ranges of the prompt. */
  | 'tiered_pricing'
  /** By hours of the day. */
  | 'off_peak_pricing'
  /** A factor for a region or a speed. */
  | 'multiplier'
  | 'unknown_tier'
  | 'unknown_suffix'
  | 'unknown_field';

export interface RateField {
  readonly kind: 'rate';
  readonly tokenClass: TokenClass;
  readonly serviceTier: string;
  readonly abovePromptTokens: number;
}

export type FieldMeaning =
  | RateField
  | { readonly kind: 'inexpressible'; readonly reason: InexpressibleReason }
  | { readonly kind: 'context' };

const RATE_BASES: readonly (readonly [base: string, tokenClass: TokenClass])[] = [
  ['cache_creation_input_token_cost_above_1hr', 'cache_write_1h'],
  ['cache_creation_input_token_cost', 'cache_write'],
  ['cache_read_input_token_cost', 'cache_read'],
  ['input_cost_per_token_cache_hit', 'cache_read'],
  ['output_cost_per_reasoning_token', 'reasoning'],
  ['output_cost_per_token', 'output'],
  ['input_cost_per_token', 'input'],
];

/** The map says `batches` where a usage event says `batch`. */
const SERVICE_TIERS: ReadonlyMap<string | undefined, string> = new Map([
  [undefined, 'standard'],
  ['priority', 'priority'],
  ['flex', 'flex'],
  ['batches', 'batch'],
  ['ultrafast', 'ultrafast'],
  ['balanced', 'balanced'],
]);

const SUFFIX = /^(?:_above_(\d+)(k?)_tokens)?(?:_([a-z]+))?$/;

const INEXPRESSIBLE: readonly (readonly [name: RegExp, reason: InexpressibleReason])[] = [
  [/^tiered_pricing$/, 'tiered_pricing'],
  [/^off_peak_pricing$/, 'off_peak_pricing'],
  [/_multiplier(_|$)/, 'multiplier'],
  [/^provider_specific_entry$/, 'multiplier'],
  [/^cache_creation_input_token_cost_above_\d+hr/, 'cache_lifetime'],
  [/(audio|image|video)_token/, 'other_token_class'],
  [/^(citation_cost_per_token|explicit_cache_read_input_token_cost)$/, 'other_token_class'],
  [/_dbu_cost_|_cost_per_|^cost_per_/, 'other_unit'],
  [/^search_free_requests$/, 'other_unit'],
];

const CONTEXT = new RegExp(
  `^(?:${[
    'litellm_provider|mode|source|comment|metadata|rules|deprecation_date',
    'supports_.*|supported_.*|max_.*|rpm|tpm|output_vector_size|prompt_cache_min_tokens',
    'default_reasoning_effort|reasoning_(?:contexts|effort_levels|modes)|thinking_always_on',
    'token_count_(?:framing|model|tokenizer)|web_search_billing_unit|audio_transcription_config',
    'bedrock_.*|gemini_.*|vertex_ai_audio_api|use_openai_responses_path|uses_embed_content',
  ].join('|')})$`,
);

export function meaningOf(field: string): FieldMeaning {
  if (CONTEXT.test(field)) return { kind: 'context' };
  const longLived = /_above_(?!1hr)\d+hr/.test(field);
  for (const [base, tokenClass] of longLived ? [] : RATE_BASES) {
    if (field.startsWith(base)) return rateOf(tokenClass, field.slice(base.length));
  }
  const known = INEXPRESSIBLE.find(([name]) => name.test(field));
  return { kind: 'inexpressible', reason: known?.[1] ?? 'unknown_field' };
}

function rateOf(tokenClass: TokenClass, suffix: string): FieldMeaning {
  const match = SUFFIX.exec(suffix);
  if (match === null) return { kind: 'inexpressible', reason: 'unknown_suffix' };
  const [, size = '0', thousands, tier] = match;
  const serviceTier = SERVICE_TIERS.get(tier);
  if (serviceTier === undefined) return { kind: 'inexpressible', reason: 'unknown_tier' };
  const abovePromptTokens = Number(size) * (thousands === 'k' ? 1_000 : 1);
  return { kind: 'rate', tokenClass, serviceTier, abovePromptTokens };
}
