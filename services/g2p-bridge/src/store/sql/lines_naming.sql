-- The lines that name payments. OFFSET 0 keeps it one index look-up a payment, see apply_changes.sql.
SELECT l.line_key, l.payment_ref, l.mark, l.amount_minor, l.currency, s.account_number, l.outcome, l.problem,
       l.reversal_reason
  FROM UNNEST($2::text[]) AS i(payment_ref)
 CROSS JOIN LATERAL (
        SELECT * FROM statement_lines AS l WHERE l.tenant_id = $1 AND l.payment_ref = i.payment_ref OFFSET 0) AS l
 CROSS JOIN LATERAL (
        SELECT s.account_number FROM statements AS s
         WHERE s.tenant_id = $1 AND s.statement_id = l.statement_id LIMIT 1) AS s
