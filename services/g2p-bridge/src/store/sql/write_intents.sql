-- The intent to pay, before the bank is called. An earlier attempt that the bank does not know is closed first.
WITH chosen AS (
    SELECT d.disbursement_id, d.envelope_id, d.amount_minor
      FROM disbursements AS d
     WHERE d.tenant_id = $1 AND d.disbursement_id = ANY($2::text[]) AND d.state = 'SENDING'
), numbered AS (
    SELECT c.*, COALESCE(max(a.attempt_no), 0) + 1 AS attempt_no
      FROM chosen AS c
      LEFT JOIN payment_attempts AS a ON a.tenant_id = $1 AND a.disbursement_id = c.disbursement_id
     GROUP BY c.disbursement_id, c.envelope_id, c.amount_minor
)
INSERT INTO payment_attempts (tenant_id, disbursement_id, attempt_no, payment_key, envelope_id, batch_id, amount_minor,
                              state, sent_at)
SELECT $1, disbursement_id, attempt_no, disbursement_id, envelope_id, $3, amount_minor, 'SENDING', $4 FROM numbered
