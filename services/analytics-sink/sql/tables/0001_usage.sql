-- What each admitted use cost: one row per CostEvent of cost-events.
-- is_use is 1 on the first row of a request and 0 on a row that completes one in suspense, so that
-- sum(is_use) counts uses and sum(amount) is the cost, whatever was completed later.
-- day is the UTC day of occurred_at. An absent text is '' and an absent version is 0.
CREATE TABLE IF NOT EXISTS usage
(
    _topic LowCardinality(String),
    _partition UInt16,
    _offset UInt64 CODEC(Delta, ZSTD(1)),
    _recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    cost_event_id String CODEC(ZSTD(1)),
    request_id String CODEC(ZSTD(1)),
    amends String CODEC(ZSTD(1)),
    is_use UInt8 DEFAULT amends = '',
    account_id LowCardinality(String),
    project_id LowCardinality(String),
    api_key_id LowCardinality(String),
    kind LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    service_tier LowCardinality(String),
    input_tokens UInt64 CODEC(T64, ZSTD(1)),
    output_tokens UInt64 CODEC(T64, ZSTD(1)),
    cache_read_tokens UInt64 CODEC(T64, ZSTD(1)),
    cache_write_tokens UInt64 CODEC(T64, ZSTD(1)),
    reasoning_tokens UInt64 CODEC(T64, ZSTD(1)),
    calls UInt64 CODEC(T64, ZSTD(1)),
    characters UInt64 CODEC(T64, ZSTD(1)),
    gpu_millis UInt64 CODEC(T64, ZSTD(1)),
    latency_ms UInt64 CODEC(T64, ZSTD(1)),
    status LowCardinality(String),
    error_code LowCardinality(String),
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    day Date DEFAULT toDate(occurred_at),
    session_id String CODEC(ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    business_unit LowCardinality(String),
    cost_centre LowCardinality(String),
    use_case LowCardinality(String),
    workflow_step LowCardinality(String),
    risk_tier LowCardinality(String),
    environment LowCardinality(String),
    user_role LowCardinality(String),
    route_policy_version LowCardinality(String),
    cache_status LowCardinality(String),
    business_outcome_id String CODEC(ZSTD(1)),
    recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    cost_status LowCardinality(String),
    suspense_reason LowCardinality(String),
    component_token_classes Array(LowCardinality(String)),
    component_quantities Array(Int64),
    component_unit_prices Array(Decimal(38, 12)),
    component_amounts Array(Decimal(38, 12)),
    amount Decimal(38, 12) CODEC(ZSTD(1)),
    currency LowCardinality(String),
    cache_savings Decimal(38, 12) CODEC(ZSTD(1)),
    price_book_id LowCardinality(String),
    price_book_version UInt64 CODEC(T64, ZSTD(1)),
    allocation_method LowCardinality(String),
    cause_topic LowCardinality(String),
    cause_partition UInt16,
    cause_offset UInt64 CODEC(Delta, ZSTD(1)),
    is_error UInt8 DEFAULT is_use AND status != 'success',
    is_cache_hit UInt8 DEFAULT is_use AND cache_status = 'hit',
    is_cache_lookup UInt8 DEFAULT is_use AND cache_status IN ('hit', 'miss'),
    INDEX by_request request_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_day day TYPE minmax GRANULARITY 1,
    PROJECTION ingest
    (
        SELECT _topic, _partition, count(), min(_offset), max(_offset) GROUP BY _topic, _partition
    ),
    PROJECTION by_model
    (
        SELECT
            day, account_id, provider, model, currency,
            sum(amount), sum(cache_savings), sum(is_use), sum(is_error), sum(is_cache_hit), sum(is_cache_lookup),
            sum(input_tokens), sum(output_tokens), sum(cache_read_tokens),
            quantilesTimingIf(0.5, 0.95, 0.99)(latency_ms, is_use = 1)
        GROUP BY day, account_id, provider, model, currency
    ),
    PROJECTION by_key
    (
        SELECT
            day, account_id, provider, model, api_key_id, status, project_id, cost_centre, use_case, currency,
            sum(amount), sum(cache_savings), sum(is_use), sum(is_error), sum(is_cache_hit), sum(is_cache_lookup),
            sum(input_tokens), sum(output_tokens), sum(cache_read_tokens)
        GROUP BY day, account_id, provider, model, api_key_id, status, project_id, cost_centre, use_case, currency
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(_recorded_at)
ORDER BY (account_id, model, occurred_at, _partition, _offset)
SETTINGS non_replicated_deduplication_window = 10000;
