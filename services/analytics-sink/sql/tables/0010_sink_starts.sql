-- One row per start of a sink. Where writes are taken one after the other, the row is written only after every insert
-- of an earlier sink has ended, so positions read after it are final.
CREATE TABLE IF NOT EXISTS sink_starts
(
    started_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
    sink_id String
)
ENGINE = MergeTree
ORDER BY started_at;
