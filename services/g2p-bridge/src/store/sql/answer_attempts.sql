-- What the bank answered to open attempts. One index look-up a payment, see apply_changes.sql.
WITH open AS MATERIALIZED (
    SELECT a.row, i.state, i.reason
      FROM (SELECT * FROM UNNEST($3::text[], $4::text[], $5::text[]) AS n(disbursement_id, state, reason) ORDER BY 1) AS i
     CROSS JOIN LATERAL (
            SELECT a.ctid AS row FROM payment_attempts AS a
             WHERE a.tenant_id = $1 AND a.disbursement_id = i.disbursement_id AND a.state IN ('SENDING', 'UNKNOWN')
             LIMIT 1 FOR NO KEY UPDATE) AS a
)
UPDATE payment_attempts AS a SET state = o.state, reason = o.reason, answered_at = $2
  FROM open AS o WHERE a.ctid = o.row
