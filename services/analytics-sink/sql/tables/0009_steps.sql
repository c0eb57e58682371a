-- One row per committed transaction of a task: what it took, how much it wrote, and the chain of digests (hex).
CREATE TABLE IF NOT EXISTS steps
(
    _topic LowCardinality(String),
    _partition UInt16,
    _offset UInt64 CODEC(Delta, ZSTD(1)),
    _recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    service LowCardinality(String),
    partition UInt16,
    step UInt64 CODEC(Delta, ZSTD(1)),
    range_topics Array(LowCardinality(String)),
    range_starts Array(UInt64),
    range_ends Array(UInt64),
    held_topics Array(LowCardinality(String)),
    held_offsets Array(UInt64),
    stream_time Nullable(DateTime64(3, 'UTC')),
    outputs UInt64 CODEC(T64, ZSTD(1)),
    output_digest String CODEC(ZSTD(1)),
    previous_digest String CODEC(ZSTD(1)),
    digest String CODEC(ZSTD(1)),
    PROJECTION ingest
    (
        SELECT _topic, _partition, count(), min(_offset), max(_offset) GROUP BY _topic, _partition
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(_recorded_at)
ORDER BY (service, partition, step)
SETTINGS non_replicated_deduplication_window = 10000;
