-- The payments of a call: those of its batch whose attempt was made in it. One index look-up a payment, see
-- apply_changes.sql.
SELECT d.disbursement_id
  FROM bank_calls AS c
  JOIN payment_batches AS b ON b.tenant_id = c.tenant_id AND b.batch_id = c.batch_id
  JOIN disbursements AS d ON d.tenant_id = b.tenant_id AND d.envelope_id = b.envelope_id
                         AND d.seq BETWEEN b.first_seq AND b.last_seq
 CROSS JOIN LATERAL (
        SELECT 1 FROM payment_attempts AS a
         WHERE a.tenant_id = $1 AND a.disbursement_id = d.disbursement_id AND a.call_id = c.call_id
           AND a.state <> 'NOT_FOUND' LIMIT 1) AS a
 WHERE c.tenant_id = $1 AND c.call_id = $2
