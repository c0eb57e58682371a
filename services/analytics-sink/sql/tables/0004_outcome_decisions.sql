-- What was decided about each claimed outcome: one row per OutcomeDecision of outcome-decisions.
CREATE TABLE IF NOT EXISTS outcome_decisions
(
    _topic LowCardinality(String),
    _partition UInt16,
    _offset UInt64 CODEC(Delta, ZSTD(1)),
    _recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    decision_id String CODEC(ZSTD(1)),
    claim_id String CODEC(ZSTD(1)),
    account_id LowCardinality(String),
    outcome_type LowCardinality(String),
    case_id String CODEC(ZSTD(1)),
    project_id LowCardinality(String),
    cost_centre LowCardinality(String),
    bucket LowCardinality(String),
    billable Bool,
    basis LowCardinality(String),
    reason LowCardinality(String),
    confidence Nullable(Decimal(38, 12)),
    definition_version UInt64,
    policy_version LowCardinality(String),
    claimed_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    decided_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    day Date DEFAULT toDate(decided_at),
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
ORDER BY (account_id, outcome_type, decided_at, _partition, _offset)
SETTINGS non_replicated_deduplication_window = 10000;
