-- Who sent a rejected use under which number (U4): a number has arrived whatever became of its record. Of a record that
-- could not be read, and of records of other topics, there is none.
ALTER TABLE rejected
    ADD COLUMN IF NOT EXISTS source_id LowCardinality(String),
    ADD COLUMN IF NOT EXISTS source_sequence UInt64 CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS received_day Date DEFAULT toDate(recorded_at),
    ADD COLUMN IF NOT EXISTS is_numbered UInt8 DEFAULT source_id != '' AND source_sequence > 0,
    ADD PROJECTION IF NOT EXISTS by_source
    (
        SELECT source_id, is_numbered, received_day, groupBitmapState(source_sequence), count()
        GROUP BY source_id, is_numbered, received_day
    );
