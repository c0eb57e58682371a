-- How far each topic partition has come, and how many rows came from it. Offsets have gaps (transaction markers), so
-- rows are counted against records and never against differences of offsets.
CREATE OR REPLACE VIEW v_ingest_position AS
SELECT 'usage' AS table, _topic AS topic, _partition AS partition, count() AS rows, min(_offset) AS first_offset, max(_offset) AS last_offset
FROM usage GROUP BY _topic, _partition
UNION ALL
SELECT 'charges', _topic, _partition, count(), min(_offset), max(_offset)
FROM charges GROUP BY _topic, _partition
UNION ALL
SELECT 'journal', _topic, _partition, count(), min(_offset), max(_offset)
FROM journal GROUP BY _topic, _partition
UNION ALL
SELECT 'outcome_decisions', _topic, _partition, count(), min(_offset), max(_offset)
FROM outcome_decisions GROUP BY _topic, _partition
UNION ALL
SELECT 'invoices', _topic, _partition, count(), min(_offset), max(_offset)
FROM invoices GROUP BY _topic, _partition
UNION ALL
SELECT 'invoice_rollups', _topic, _partition, count(), min(_offset), max(_offset)
FROM invoice_rollups GROUP BY _topic, _partition
UNION ALL
SELECT 'balances', _topic, _partition, count(), min(_offset), max(_offset)
FROM balances GROUP BY _topic, _partition
UNION ALL
SELECT 'rejected', _topic, _partition, count(), min(_offset), max(_offset)
FROM rejected GROUP BY _topic, _partition
UNION ALL
SELECT 'steps', _topic, _partition, count(), min(_offset), max(_offset)
FROM steps GROUP BY _topic, _partition;
