-- What customers owe: one row per Charge of charges.
-- is_first is 0 on a charge that completes or corrects another, so that sum(is_first) counts rated things once and
-- sum(amount) is the amount owed. day is the UTC day of occurred_at (the charge period).
CREATE TABLE IF NOT EXISTS charges
(
    _topic LowCardinality(String),
    _partition UInt16,
    _offset UInt64 CODEC(Delta, ZSTD(1)),
    _recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    charge_id String CODEC(ZSTD(1)),
    account_id LowCardinality(String),
    kind LowCardinality(String),
    status LowCardinality(String),
    line_class LowCardinality(String),
    request_id String CODEC(ZSTD(1)),
    decision_id String CODEC(ZSTD(1)),
    amends String CODEC(ZSTD(1)),
    is_first UInt8 DEFAULT amends = '',
    amount Decimal(38, 12) CODEC(ZSTD(1)),
    currency LowCardinality(String),
    component_items Array(LowCardinality(String)),
    component_quantities Array(Int64),
    component_unit_prices Array(Decimal(38, 12)),
    component_amounts Array(Decimal(38, 12)),
    contract_id LowCardinality(String),
    contract_version UInt64 CODEC(T64, ZSTD(1)),
    price_book_id LowCardinality(String),
    price_book_version UInt64 CODEC(T64, ZSTD(1)),
    suspense_reason LowCardinality(String),
    project_id LowCardinality(String),
    cost_centre LowCardinality(String),
    api_key_id LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    day Date DEFAULT toDate(occurred_at),
    recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    cause_topic LowCardinality(String),
    cause_partition UInt16,
    cause_offset UInt64 CODEC(Delta, ZSTD(1)),
    INDEX by_request request_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_charge charge_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_day day TYPE minmax GRANULARITY 1,
    PROJECTION ingest
    (
        SELECT _topic, _partition, count(), min(_offset), max(_offset) GROUP BY _topic, _partition
    ),
    PROJECTION by_line
    (
        SELECT
            day, account_id, line_class, kind, status, provider, model, project_id, cost_centre, api_key_id, currency,
            sum(amount), sum(is_first), count()
        GROUP BY
            day, account_id, line_class, kind, status, provider, model, project_id, cost_centre, api_key_id, currency
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(_recorded_at)
ORDER BY (account_id, model, occurred_at, _partition, _offset)
SETTINGS non_replicated_deduplication_window = 10000;
