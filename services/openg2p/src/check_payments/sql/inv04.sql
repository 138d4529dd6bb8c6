SELECT d.disbursement_id AS id, 'it is rejected, and nothing says why' AS what
  FROM disbursements d WHERE d.state = 'REJECTED' AND coalesce(d.reason, '') = ''
UNION ALL
SELECT e.envelope_id, format('it stands in %s, and no job drives it', e.state)
  FROM envelopes e
 WHERE e.state IN ('SCHEDULED', 'RESOLVING', 'FUNDING', 'PAYING', 'RELEASING')
   AND NOT EXISTS (SELECT FROM jobs j WHERE j.tenant_id = e.tenant_id AND j.kind = 'bridge.envelope'
                      AND j.dedup_key = e.envelope_id AND j.state IN ('pending', 'running'))
UNION ALL
SELECT b.batch_id::text, format('the batch of envelope %s is open, and no job pays it', b.envelope_id)
  FROM payment_batches b
  JOIN envelopes e USING (tenant_id, envelope_id)
 WHERE b.state = 'OPEN' AND e.state = 'PAYING'
   AND NOT EXISTS (SELECT FROM jobs j WHERE j.tenant_id = b.tenant_id AND (j.kind = 'bridge.pay' OR j.kind LIKE 'bridge.pay.%')
                      AND j.dedup_key = b.batch_id::text AND j.state IN ('pending', 'running'))
UNION ALL
SELECT f.file_id::text, 'the statement file was taken in, and no job works it off'
  FROM statement_files f
 WHERE f.state = 'RECEIVED'
   AND NOT EXISTS (SELECT FROM jobs j WHERE j.tenant_id = f.tenant_id AND j.kind IN ('bridge.statement', 'bridge.statements', 'bridge.report')
                      AND j.dedup_key = f.file_id::text AND j.state IN ('pending', 'running'))
