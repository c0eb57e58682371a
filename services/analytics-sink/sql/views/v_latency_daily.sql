-- How the calls went, by UTC day. Percentiles are quantilesTiming: the same data gives the same answer each time.
-- error_rate and cache_hit_rate are null where there was nothing to divide by.
CREATE OR REPLACE VIEW v_latency_daily AS
SELECT
    day,
    account_id,
    provider,
    model,
    currency,
    sum(is_use) AS uses,
    quantilesTimingIf(0.5, 0.95, 0.99)(latency_ms, is_use = 1) AS latency_ms_percentiles,
    latency_ms_percentiles[1] AS p50_ms,
    latency_ms_percentiles[2] AS p95_ms,
    latency_ms_percentiles[3] AS p99_ms,
    if(sum(is_use) = 0, NULL, sum(is_error) / sum(is_use)) AS error_rate,
    if(sum(is_cache_lookup) = 0, NULL, sum(is_cache_hit) / sum(is_cache_lookup)) AS cache_hit_rate
FROM usage
GROUP BY day, account_id, provider, model, currency;
