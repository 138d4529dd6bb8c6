-- What the bank answered to open attempts.
UPDATE payment_attempts AS a
   SET state = n.state, reason = n.reason, answered_at = $2
  FROM UNNEST($3::text[], $4::text[], $5::text[]) AS n(disbursement_id, state, reason)
 WHERE a.tenant_id = $1 AND a.disbursement_id = n.disbursement_id AND a.state IN ('SENDING', 'UNKNOWN')
