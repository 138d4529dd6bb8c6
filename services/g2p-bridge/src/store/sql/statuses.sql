-- The states of payments. A cancelled envelope's payments are cancelled the moment the envelope is, though their rows
-- follow later. One index look-up a payment, see apply_changes.sql.
SELECT d.disbursement_id, d.envelope_id, d.reason, d.updated_at, a.batch_id,
       CASE WHEN e.state = 'CANCELLED' AND d.state IN ('RECEIVED', 'RESOLVED') THEN 'CANCELLED' ELSE d.state END AS state
  FROM UNNEST($2::text[]) AS i(disbursement_id)
 CROSS JOIN LATERAL (
        SELECT * FROM disbursements AS d
         WHERE d.tenant_id = $1 AND d.disbursement_id = i.disbursement_id LIMIT 1) AS d
 CROSS JOIN LATERAL (
        SELECT e.state FROM envelopes AS e WHERE e.tenant_id = $1 AND e.envelope_id = d.envelope_id LIMIT 1) AS e
  LEFT JOIN LATERAL (
        SELECT a.batch_id FROM payment_attempts AS a
         WHERE a.tenant_id = $1 AND a.disbursement_id = i.disbursement_id
         ORDER BY a.attempt_no DESC LIMIT 1) AS a ON true
