-- What the services did not accept, from all their rejected topics: kind is refusal (readable, not acceptable) or
-- dead_letter (unreadable). The raw bytes of a dead letter are in key_base64 and value_base64.
CREATE TABLE IF NOT EXISTS rejected
(
    _topic LowCardinality(String),
    _partition UInt16,
    _offset UInt64 CODEC(Delta, ZSTD(1)),
    _recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    kind LowCardinality(String),
    service LowCardinality(String),
    code LowCardinality(String),
    field LowCardinality(String),
    message String CODEC(ZSTD(1)),
    transient Bool,
    account_id String CODEC(ZSTD(1)),
    record_id String CODEC(ZSTD(1)),
    key_base64 String CODEC(ZSTD(1)),
    value_base64 String CODEC(ZSTD(1)),
    origin_topic LowCardinality(String),
    origin_partition UInt16,
    origin_offset UInt64 CODEC(Delta, ZSTD(1)),
    recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    PROJECTION ingest
    (
        SELECT _topic, _partition, count(), min(_offset), max(_offset) GROUP BY _topic, _partition
    ),
    PROJECTION by_code
    (
        SELECT kind, service, code, count() GROUP BY kind, service, code
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(_recorded_at)
ORDER BY (service, code, account_id, _recorded_at, _partition, _offset)
SETTINGS non_replicated_deduplication_window = 10000;
