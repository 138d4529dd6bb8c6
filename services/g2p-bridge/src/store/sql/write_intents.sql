-- The intent to pay, before the bank is called, for payments that are in SENDING. One index look-up a payment, see
-- apply_changes.sql.
INSERT INTO payment_attempts (tenant_id, disbursement_id, attempt_no, payment_key, envelope_id, batch_id, amount_minor,
                              state, sent_at, call_id)
SELECT $1, d.disbursement_id, a.last + 1, d.disbursement_id, d.envelope_id, $3, d.amount_minor, 'SENDING', $4, $5
  FROM UNNEST($2::text[]) AS i(disbursement_id)
 CROSS JOIN LATERAL (
        SELECT d.disbursement_id, d.envelope_id, d.amount_minor FROM disbursements AS d
         WHERE d.tenant_id = $1 AND d.disbursement_id = i.disbursement_id AND d.state = 'SENDING' LIMIT 1) AS d
 CROSS JOIN LATERAL (
        SELECT COALESCE(max(a.attempt_no), 0) AS last FROM payment_attempts AS a
         WHERE a.tenant_id = $1 AND a.disbursement_id = i.disbursement_id) AS a
