/** Reading the LiteLLM map: what each field means, and what becomes of a model. */
import { describe, expect, test } from 'vitest';
import { formatAmount } from '../../../schemas/amount.ts';
import { parseJsonExact } from '../../../schemas/json-exact.ts';
import { meaningOf } from '../../../services/pricing/litellm-fields.ts';
import { importLitellmMap } from '../../../services/pricing/litellm-map.ts';

describe('the meaning of a field', () => {
  const rows = [
    { field: 'input_cost_per_token', meaning: 'input' },
    { field: 'output_cost_per_token', meaning: 'output' },
    { field: 'output_cost_per_reasoning_token', meaning: 'reasoning' },
    { field: 'cache_read_input_token_cost', meaning: 'cache_read' },
    { field: 'input_cost_per_token_cache_hit', meaning: 'cache_read' },
    { field: 'cache_creation_input_token_cost', meaning: 'cache_write' },
    { field: 'cache_creation_input_token_cost_above_1hr', meaning: 'cache_write_1h' },
    { field: 'input_cost_per_token_above_128k_tokens', meaning: 'input >128000' },
    { field: 'input_cost_per_token_above_512_tokens', meaning: 'input >512' },
    { field: 'cache_creation_input_token_cost_above_200k_tokens', meaning: 'cache_write >200000' },
    {
      field: 'cache_creation_input_token_cost_above_1hr_above_200k_tokens',
      meaning: 'cache_write_1h >200000',
    },
    { field: 'input_cost_per_token_priority', meaning: 'input priority' },
    { field: 'output_cost_per_token_flex', meaning: 'output flex' },
    { field: 'output_cost_per_token_batches', meaning: 'output batch' },
    { field: 'cache_read_input_token_cost_ultrafast', meaning: 'cache_read ultrafast' },
    { field: 'cache_read_input_token_cost_balanced', meaning: 'cache_read balanced' },
    { field: 'output_cost_per_token_above_272k_tokens_priority', meaning: 'output >272000 priority' },
    { field: 'input_cost_per_token_decisions', meaning: 'unknown_tier' },
    { field: 'input_cost_per_token_above_272k_tokens_decisions', meaning: 'unknown_tier' },
    { field: 'input_cost_per_token_above_1M_tokens', meaning: 'unknown_suffix' },
    { field: 'output_cost_per_token_2', meaning: 'unknown_suffix' },
    { field: 'cache_creation_input_token_cost_above_12hr', meaning: 'cache_lifetime' },
    { field: 'cache_creation_input_token_cost_above_12hr_above_272k_tokens_flex', meaning: 'cache_lifetime' },
    { field: 'input_cost_per_audio_token', meaning: 'other_token_class' },
    { field: 'output_cost_per_image_token_batches', meaning: 'other_token_class' },
    { field: 'cache_read_input_audio_token_cost', meaning: 'other_token_class' },
    { field: 'citation_cost_per_token', meaning: 'other_token_class' },
    { field: 'explicit_cache_read_input_token_cost', meaning: 'other_token_class' },
    { field: 'output_cost_per_image', meaning: 'other_unit' },
    { field: 'input_cost_per_second', meaning: 'other_unit' },
    { field: 'cost_per_second', meaning: 'other_unit' },
    { field: 'input_cost_per_character', meaning: 'other_unit' },
    { field: 'search_context_cost_per_query', meaning: 'other_unit' },
    { field: 'input_dbu_cost_per_token', meaning: 'other_unit' },
    { field: 'search_free_requests', meaning: 'other_unit' },
    { field: 'tiered_pricing', meaning: 'tiered_pricing' },
    { field: 'off_peak_pricing', meaning: 'off_peak_pricing' },
    { field: 'regional_processing_uplift_multiplier_eu', meaning: 'multiplier' },
    { field: 'provider_specific_entry', meaning: 'multiplier' },
    { field: 'price_of_something_new', meaning: 'unknown_field' },
    { field: 'discount', meaning: 'unknown_field' },
    { field: 'litellm_provider', meaning: 'context' },
    { field: 'supports_vision', meaning: 'context' },
    { field: 'max_input_tokens', meaning: 'context' },
    { field: 'web_search_billing_unit', meaning: 'context' },
  ];
  test.each(rows)('$field: $meaning', ({ field, meaning }) => {
    const found = meaningOf(field);
    if (found.kind === 'context') expect('context').toBe(meaning);
    else if (found.kind === 'inexpressible') expect(found.reason).toBe(meaning);
    else {
      const size = found.abovePromptTokens === 0 ? '' : ` >${found.abovePromptTokens}`;
      const tier = found.serviceTier === 'standard' ? '' : ` ${found.serviceTier}`;
      expect(`${found.tokenClass}${size}${tier}`).toBe(meaning);
    }
  });
});

/** One model in, its rates as text out, or why there are none. */
function imported(fields: string): { readonly model: string; readonly faults: readonly string[] } {
  const { prices, inexpressible, skipped } = importLitellmMap(
    parseJsonExact(`{"m": {"litellm_provider": "p", ${fields}}}`),
  );
  const rates = prices[0]?.rates.map(
    ({ tokenClass, serviceTier, abovePromptTokens, pricePerToken }) =>
      `${tokenClass}/${serviceTier}/${abovePromptTokens}=${formatAmount(pricePerToken)}`,
  );
  return {
    model: rates?.join(' ') ?? skipped[0]?.reason ?? 'lost',
    faults: inexpressible.map(({ field, value, reason }) => `${field} ${value} ${reason}`),
  };
}

describe('what becomes of a model', () => {
  const rows: readonly {
    readonly name: string;
    readonly fields: string;
    readonly model: string;
    readonly faults: readonly string[];
  }[] = [
    {
      name: 'prices are exact, exponents included',
      fields: '"input_cost_per_token": 7.5e-08, "output_cost_per_token": 0.0000003',
      model: 'input/standard/0=0.000000075 output/standard/0=0.0000003',
      faults: [],
    },
    {
      name: 'whole numbers and zero are prices',
      fields: '"input_cost_per_token": 0, "output_cost_per_token": 1',
      model: 'input/standard/0=0 output/standard/0=1',
      faults: [],
    },
    {
      name: 'rates come in one order whatever the file has',
      fields: '"output_cost_per_token_flex": 3, "output_cost_per_token": 2, "input_cost_per_token": 1',
      model: 'output/flex/0=3 input/standard/0=1 output/standard/0=2',
      faults: [],
    },
    {
      name: 'a price with 13 decimals is not rounded; the model is withheld',
      fields: '"input_cost_per_token": 2.9999900000000002e-06, "output_cost_per_token": 1',
      model: 'withheld',
      faults: ['input_cost_per_token 2.9999900000000002e-06 too_fine'],
    },
    {
      name: 'a tier that is too fine withholds the model too: the base price would take its place',
      fields: '"input_cost_per_token": 1e-6, "input_cost_per_token_above_200k_tokens": 1.0000000000001e-6',
      model: 'withheld',
      faults: ['input_cost_per_token_above_200k_tokens 1.0000000000001e-6 too_fine'],
    },
    {
      name: 'a negative price is none',
      fields: '"input_cost_per_token": -1',
      model: 'withheld',
      faults: ['input_cost_per_token -1 not_a_price'],
    },
    {
      name: 'a price that is no number is none',
      fields: '"input_cost_per_token": {"a": 1}',
      model: 'withheld',
      faults: ['input_cost_per_token {"a":1} not_a_price'],
    },
    {
      name: 'two names for one rate that agree are one rate',
      fields: '"input_cost_per_token_cache_hit": 1e-7, "cache_read_input_token_cost": 0.0000001',
      model: 'cache_read/standard/0=0.0000001',
      faults: [],
    },
    {
      name: 'two names for one rate that differ are a contradiction',
      fields: '"input_cost_per_token_cache_hit": 1e-7, "cache_read_input_token_cost": 2e-7',
      model: 'withheld',
      faults: ['cache_read_input_token_cost 2e-7 contradiction'],
    },
    {
      name: 'prices by range of the prompt withhold the model',
      fields: '"input_cost_per_token": 1e-7, "tiered_pricing": [{"range": [0, 10]}]',
      model: 'withheld',
      faults: ['tiered_pricing [{"range":[0,10]}] tiered_pricing'],
    },
    {
      name: 'prices by hour withhold the model',
      fields: '"input_cost_per_token": 1e-7, "off_peak_pricing": {}',
      model: 'withheld',
      faults: ['off_peak_pricing {} off_peak_pricing'],
    },
    {
      name: 'another unit beside token prices is reported, the tokens are priced',
      fields: '"input_cost_per_token": 1e-7, "input_cost_per_image": 0.01',
      model: 'input/standard/0=0.0000001',
      faults: ['input_cost_per_image 0.01 other_unit'],
    },
    {
      name: 'token prices of zero beside another unit would make the model free: withheld',
      fields: '"input_cost_per_token": 0.0, "input_cost_per_second": 0.01',
      model: 'withheld',
      faults: ['input_cost_per_second 0.01 other_unit'],
    },
    {
      name: 'token prices of zero beside another zero are a free model',
      fields: '"input_cost_per_token": 0.0, "input_cost_per_second": 0.0',
      model: 'input/standard/0=0',
      faults: ['input_cost_per_second 0.0 other_unit'],
    },
    {
      name: 'only another unit',
      fields: '"output_cost_per_image": 0.04',
      model: 'no_token_price',
      faults: ['output_cost_per_image 0.04 other_unit'],
    },
    {
      name: 'nothing about prices',
      fields: '"mode": "chat", "max_tokens": 1',
      model: 'no_price',
      faults: [],
    },
    {
      name: 'a field nobody knows is reported',
      fields: '"input_cost_per_token": 1, "loyalty_rebate": 0.5',
      model: 'input/standard/0=1',
      faults: ['loyalty_rebate 0.5 unknown_field'],
    },
    {
      name: 'an entry with factors is reported, one with settings is not',
      fields: '"input_cost_per_token": 1, "provider_specific_entry": {"us": 1.1}',
      model: 'input/standard/0=1',
      faults: ['provider_specific_entry {"us":"1.1"} multiplier'],
    },
    {
      name: 'settings alone',
      fields: '"input_cost_per_token": 1, "provider_specific_entry": {"schema": "titan_v2"}',
      model: 'input/standard/0=1',
      faults: [],
    },
  ];
  test.each(rows)('$name', ({ fields, model, faults }) => {
    expect(imported(fields)).toEqual({ model, faults });
  });

  test('xAI includes the boundary of a size, others do not', () => {
    const map = parseJsonExact(`{
      "xai/grok": {"litellm_provider": "xai", "input_cost_per_token": 1, "input_cost_per_token_above_128k_tokens": 2},
      "gemini": {"litellm_provider": "vertex_ai", "input_cost_per_token_above_128k_tokens": 2}
    }`);
    const flags = importLitellmMap(map).prices.map(({ model, rates }) => [
      model,
      rates.map(({ boundaryIncluded }) => boundaryIncluded),
    ]);
    expect(flags).toEqual([
      ['gemini', [false]],
      ['xai/grok', [false, true]],
    ]);
  });

  test('what is no model is named as such', () => {
    const map = parseJsonExact(`{
      "sample_spec": {"litellm_provider": "p", "input_cost_per_token": 0},
      "fallback_generalizations": {"rules": []},
      "text": "?",
      "list": [],
      "nobody": {"input_cost_per_token": 1}
    }`);
    const { prices, skipped } = importLitellmMap(map);
    expect(prices).toEqual([]);
    expect(skipped.map(({ model, reason }) => `${model} ${reason}`)).toEqual([
      'fallback_generalizations not_a_model',
      'list not_a_model',
      'nobody not_a_model',
      'sample_spec not_a_model',
      'text not_a_model',
    ]);
  });

  test.each([[null], [[]], ['text'], [7]])('%j is not a map', (map) => {
    expect(() => importLitellmMap(map)).toThrow('a price map is one JSON object');
  });
});
