-- The newest state of each invoice.
CREATE OR REPLACE VIEW v_invoice_current AS
SELECT *
FROM invoices
WHERE (account_id, invoice_id, _offset) IN
(
    SELECT account_id, invoice_id, max(_offset) FROM invoices GROUP BY account_id, invoice_id
);
