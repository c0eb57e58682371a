-- What uses cost, by UTC day: for "what did we spend, on which model, for whom".
CREATE OR REPLACE VIEW v_spend_daily AS
SELECT
    day,
    account_id,
    provider,
    model,
    currency,
    sum(amount) AS cost,
    sum(cache_savings) AS saved_by_cache,
    sum(is_use) AS uses,
    sum(input_tokens) AS total_input_tokens,
    sum(output_tokens) AS total_output_tokens
FROM usage
GROUP BY day, account_id, provider, model, currency;
