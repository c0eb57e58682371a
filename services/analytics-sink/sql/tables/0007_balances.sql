-- The history of every account's balance: one row per Balance that was still in the compacted topic when it was read.
-- The newest is in v_balance_current. Rows cannot be counted against the topic, since compaction removes records.
CREATE TABLE IF NOT EXISTS balances
(
    _topic LowCardinality(String),
    _partition UInt16,
    _offset UInt64 CODEC(Delta, ZSTD(1)),
    _recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    account_id LowCardinality(String),
    currency LowCardinality(String),
    available Decimal(38, 12) CODEC(ZSTD(1)),
    reserved Decimal(38, 12) CODEC(ZSTD(1)),
    held Decimal(38, 12) CODEC(ZSTD(1)),
    overdraft Decimal(38, 12) CODEC(ZSTD(1)),
    grant_ids Array(String),
    grant_remainders Array(Decimal(38, 12)),
    grant_priorities Array(Int32),
    grant_expiries Array(Nullable(DateTime64(3, 'UTC'))),
    entries UInt64 CODEC(T64, ZSTD(1)),
    as_of DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    cause_topic LowCardinality(String),
    cause_partition UInt16,
    cause_offset UInt64 CODEC(Delta, ZSTD(1)),
    PROJECTION ingest
    (
        SELECT _topic, _partition, count(), min(_offset), max(_offset) GROUP BY _topic, _partition
    ),
    PROJECTION newest
    (
        SELECT account_id, max(_offset) GROUP BY account_id
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(_recorded_at)
ORDER BY (account_id, _offset)
SETTINGS non_replicated_deduplication_window = 10000;
