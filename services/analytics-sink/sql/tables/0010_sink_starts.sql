-- Two rows per start of a sink. The newest sink is the only one that may write; a sink that finds another here stops.
-- Where writes are taken one after the other, a row is written only after every insert that was sent before it.
CREATE TABLE IF NOT EXISTS sink_starts
(
    started_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    sink_id String
)
ENGINE = MergeTree
ORDER BY started_at;
