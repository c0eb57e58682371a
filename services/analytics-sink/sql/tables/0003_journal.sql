-- The journal, one row per posting: debits and credits are then plain sums, the trial balance is a projection, and the
-- check that an entry balances is a GROUP BY (arrays would need an ARRAY JOIN in every question and have no projection).
-- The postings of one entry share an _offset, which one block never splits; posting_index tells them apart.
-- day is the UTC day of booked_at. Exactly one of debit and credit is not zero, unless the amount is.
CREATE TABLE IF NOT EXISTS journal
(
    _topic LowCardinality(String),
    _partition UInt16,
    _offset UInt64 CODEC(Delta, ZSTD(1)),
    _recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    entry_id String CODEC(ZSTD(1)),
    posting_index UInt16 CODEC(T64, ZSTD(1)),
    postings UInt16 CODEC(T64, ZSTD(1)),
    account_id LowCardinality(String),
    kind LowCardinality(String),
    currency LowCardinality(String),
    ledger_account LowCardinality(String),
    side LowCardinality(String),
    debit Decimal(38, 12) CODEC(ZSTD(1)),
    credit Decimal(38, 12) CODEC(ZSTD(1)),
    grant_id String CODEC(ZSTD(1)),
    reference String CODEC(ZSTD(1)),
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    booked_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    day Date DEFAULT toDate(booked_at),
    cause_topic LowCardinality(String),
    cause_partition UInt16,
    cause_offset UInt64 CODEC(Delta, ZSTD(1)),
    is_entry UInt8 DEFAULT posting_index = 0,
    INDEX by_reference reference TYPE bloom_filter(0.01) GRANULARITY 1,
    PROJECTION ingest
    (
        SELECT _topic, _partition, count(), min(_offset), max(_offset) GROUP BY _topic, _partition
    ),
    PROJECTION by_ledger_account
    (
        SELECT
            day, currency, ledger_account, kind, account_id,
            sum(debit), sum(credit), sum(is_entry), count()
        GROUP BY day, currency, ledger_account, kind, account_id
    )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(_recorded_at)
ORDER BY (account_id, ledger_account, booked_at, _partition, _offset, posting_index)
SETTINGS non_replicated_deduplication_window = 10000;
