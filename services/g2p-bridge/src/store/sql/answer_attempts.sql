-- What the bank answered to open attempts. One index look-up a payment, see apply_changes.sql.
--
-- An open attempt is always the last of its payment. It is found as that, and its state looked at afterwards: by its
-- state the planner would find it in the index of open attempts, and read through that for each payment.
WITH open AS MATERIALIZED (
    SELECT a.row, i.state, i.reason
      FROM (SELECT * FROM UNNEST($3::text[], $4::text[], $5::text[]) AS n(disbursement_id, state, reason) ORDER BY 1) AS i
     CROSS JOIN LATERAL (
            SELECT a.ctid AS row, a.state FROM payment_attempts AS a
             WHERE a.tenant_id = $1 AND a.disbursement_id = i.disbursement_id
             ORDER BY a.attempt_no DESC LIMIT 1 FOR NO KEY UPDATE) AS a
     WHERE a.state IN ('SENDING', 'UNKNOWN')
)
UPDATE payment_attempts AS a SET state = o.state, reason = o.reason, answered_at = $2
  FROM open AS o WHERE a.ctid = o.row AND a.ctid = ANY(ARRAY(SELECT row FROM open))
