SELECT d.disbursement_id AS id, format('the bank has it in state %s, and no attempt to pay it was written', b.state) AS what
  FROM check_bank_payments b
  JOIN disbursements d ON d.disbursement_id = b.id
 WHERE b.state IS DISTINCT FROM 'rejected' AND d.state <> 'CANCELLED'
   -- After a restore from a backup the bridge asks for these before it sends them.
   AND NOT (d.state IN ('RECEIVED', 'RESOLVED') AND EXISTS (SELECT FROM restores r WHERE r.ended_at IS NULL))
   AND NOT EXISTS (SELECT FROM payment_attempts a
                    WHERE a.tenant_id = d.tenant_id AND a.disbursement_id = d.disbursement_id)
