-- What statements say about payments. OFFSET 0 keeps it one index look-up a payment, see apply_changes.sql.
SELECT l.payment_ref, l.outcome, l.problem, l.bank_ref, l.payee_name, l.reversal_reason, l.statement_id,
       s.statement_number, s.sequence_number, l.entry_no, l.entry_date, l.value_date
  FROM UNNEST($2::text[]) AS i(payment_ref)
 CROSS JOIN LATERAL (
        SELECT * FROM statement_lines AS l
         WHERE l.tenant_id = $1 AND l.payment_ref = i.payment_ref AND l.outcome <> 'IGNORED' OFFSET 0) AS l
 CROSS JOIN LATERAL (
        SELECT s.statement_number, s.sequence_number FROM statements AS s
         WHERE s.tenant_id = $1 AND s.statement_id = l.statement_id LIMIT 1) AS s
 ORDER BY l.payment_ref, l.created_at, l.entry_no
