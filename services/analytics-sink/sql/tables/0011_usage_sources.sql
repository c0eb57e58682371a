-- Who sent each use under which number, and how long it took to the log (U4). Numbers begin with 1; 0 says that there is
-- none. ingest_ms goes from sent_at, by the producer's clock, to the append of the use by the broker's; a producer whose
-- clock is ahead counts as 0 and is_ahead. by_source keeps the set of numbers of a source and day as a bitmap: exact,
-- the same in whatever order and however often they arrive, and small. Rows of before have neither source nor number.
ALTER TABLE usage
    ADD COLUMN IF NOT EXISTS source_id LowCardinality(String),
    ADD COLUMN IF NOT EXISTS source_sequence UInt64 CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS sent_at Nullable(DateTime64(3, 'UTC')),
    ADD COLUMN IF NOT EXISTS received_day Date DEFAULT toDate(recorded_at),
    ADD COLUMN IF NOT EXISTS is_numbered UInt8 DEFAULT source_id != '' AND source_sequence > 0,
    ADD COLUMN IF NOT EXISTS is_timed UInt8 DEFAULT is_use AND isNotNull(sent_at),
    ADD COLUMN IF NOT EXISTS is_ahead UInt8 DEFAULT is_timed AND ifNull(sent_at > recorded_at, 0),
    ADD COLUMN IF NOT EXISTS ingest_ms UInt64 DEFAULT if(is_timed, greatest(ifNull(dateDiff('millisecond', sent_at, recorded_at), 0), 0), 0) CODEC(T64, ZSTD(1)),
    ADD PROJECTION IF NOT EXISTS by_source
    (
        SELECT
            source_id, is_numbered, received_day,
            groupBitmapState(source_sequence), sum(is_use), sum(is_timed), sum(is_ahead),
            quantilesTimingIf(0.5, 0.95, 0.99)(ingest_ms, is_timed = 1)
        GROUP BY source_id, is_numbered, received_day
    );
