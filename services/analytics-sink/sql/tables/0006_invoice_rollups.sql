-- Account x billing period x line class x cost centre, as handed to the ERP: one row per InvoiceRollup.
CREATE TABLE IF NOT EXISTS invoice_rollups
(
    _topic LowCardinality(String),
    _partition UInt16,
    _offset UInt64 CODEC(Delta, ZSTD(1)),
    _recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    account_id LowCardinality(String),
    billing_period LowCardinality(String),
    line_class LowCardinality(String),
    cost_centre LowCardinality(String),
    currency LowCardinality(String),
    exact_amount Decimal(38, 12) CODEC(ZSTD(1)),
    quantity Int64,
    charges UInt64,
    is_final Bool,
    cause_topic LowCardinality(String),
    cause_partition UInt16,
    cause_offset UInt64 CODEC(Delta, ZSTD(1)),
    PROJECTION ingest
    (
        SELECT _topic, _partition, count(), min(_offset), max(_offset) GROUP BY _topic, _partition
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(_recorded_at)
ORDER BY (account_id, billing_period, line_class, cost_centre, _offset)
SETTINGS non_replicated_deduplication_window = 10000;
