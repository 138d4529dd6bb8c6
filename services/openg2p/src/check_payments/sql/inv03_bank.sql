SELECT d.disbursement_id AS id, format('it is cancelled, and the bank has it in state %s', b.state) AS what
  FROM check_bank_payments b
  JOIN disbursements d ON d.disbursement_id = b.id
  JOIN envelopes e USING (tenant_id, envelope_id)
 WHERE b.state IS DISTINCT FROM 'rejected' AND (d.state = 'CANCELLED' OR e.state IN ('CANCELLED', 'EXPIRED'))
