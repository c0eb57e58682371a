-- Every state of every invoice: one row per Invoice of invoices. The newest is in v_invoice_current: all states of one
-- invoice have one key, hence one partition, and the largest _offset is the last.
CREATE TABLE IF NOT EXISTS invoices
(
    _topic LowCardinality(String),
    _partition UInt16,
    _offset UInt64 CODEC(Delta, ZSTD(1)),
    _recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    invoice_id String CODEC(ZSTD(1)),
    invoice_number String CODEC(ZSTD(1)),
    account_id LowCardinality(String),
    billing_period LowCardinality(String),
    period_start DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    period_end DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    currency LowCardinality(String),
    status LowCardinality(String),
    version UInt64,
    line_classes Array(LowCardinality(String)),
    line_descriptions Array(String),
    line_quantities Array(Int64),
    line_charges Array(UInt64),
    line_exact_amounts Array(Decimal(38, 12)),
    line_amounts Array(Decimal(38, 12)),
    line_roundings Array(Decimal(38, 12)),
    exact_total Decimal(38, 12) CODEC(ZSTD(1)),
    total Decimal(38, 12) CODEC(ZSTD(1)),
    rounding_total Decimal(38, 12) CODEC(ZSTD(1)),
    issued_at Nullable(DateTime64(3, 'UTC')),
    cause_topic LowCardinality(String),
    cause_partition UInt16,
    cause_offset UInt64 CODEC(Delta, ZSTD(1)),
    PROJECTION ingest
    (
        SELECT _topic, _partition, count(), min(_offset), max(_offset) GROUP BY _topic, _partition
    ),
    PROJECTION newest
    (
        SELECT account_id, invoice_id, max(_offset) GROUP BY account_id, invoice_id
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(_recorded_at)
ORDER BY (account_id, invoice_id, _offset)
SETTINGS non_replicated_deduplication_window = 10000;
