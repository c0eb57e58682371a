-- The newest balance of each account.
CREATE OR REPLACE VIEW v_balance_current AS
SELECT *
FROM balances
WHERE (account_id, _offset) IN (SELECT account_id, max(_offset) FROM balances GROUP BY account_id);
