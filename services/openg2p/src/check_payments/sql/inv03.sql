-- The payments of an envelope that was cancelled or given up are so from that moment on, though their rows follow later.
SELECT d.disbursement_id AS id, format('it is cancelled, and an attempt to pay it stands in %s', a.state) AS what
  FROM disbursements d
  JOIN envelopes e USING (tenant_id, envelope_id)
  JOIN payment_attempts a USING (tenant_id, disbursement_id)
 WHERE d.state = 'CANCELLED' OR e.state IN ('CANCELLED', 'EXPIRED')
UNION ALL
SELECT d.disbursement_id, format('it stands in %s, and its envelope is cancelled or was given up', d.state)
  FROM disbursements d
  JOIN envelopes e USING (tenant_id, envelope_id)
 WHERE e.state IN ('CANCELLED', 'EXPIRED') AND d.state IN ('SENDING', 'UNKNOWN', 'ACCEPTED', 'PAID', 'REVERSED')
