-- The payments that a bank names in answer to a call, locked in the order of their ids. An attempt that the bank did not
-- know is closed: what is said of it says nothing. One index look-up a payment, see apply_changes.sql.
SELECT d.disbursement_id, d.state
  FROM (SELECT DISTINCT disbursement_id FROM UNNEST($2::text[]) AS n(disbursement_id) ORDER BY 1) AS i
 CROSS JOIN LATERAL (
        SELECT d.disbursement_id, d.state FROM disbursements AS d
         WHERE d.tenant_id = $1 AND d.disbursement_id = i.disbursement_id LIMIT 1 FOR NO KEY UPDATE) AS d
 CROSS JOIN LATERAL (
        SELECT 1 FROM payment_attempts AS a
         WHERE a.tenant_id = $1 AND a.disbursement_id = i.disbursement_id AND a.call_id = $3
           AND a.state <> 'NOT_FOUND' LIMIT 1) AS a
