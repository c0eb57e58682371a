-- Debits and credits of every ledger account. Per currency the two columns have the same sum, or the book is broken.
CREATE OR REPLACE VIEW v_trial_balance AS
SELECT
    currency,
    ledger_account,
    sum(debit) AS debits,
    sum(credit) AS credits,
    debits - credits AS balance,
    count() AS postings
FROM journal
GROUP BY currency, ledger_account;
