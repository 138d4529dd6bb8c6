SELECT b.batch_id::text AS id, format('the batch of envelope %s is done, and %s of its payments are open', b.envelope_id,
                                      count(*)) AS what
  FROM payment_batches b
  JOIN disbursements d ON d.tenant_id = b.tenant_id AND d.envelope_id = b.envelope_id
       AND d.seq BETWEEN b.first_seq AND b.last_seq
 WHERE b.state = 'DONE' AND d.state IN ('RECEIVED', 'RESOLVED', 'SENDING', 'UNKNOWN')
   -- What a bank has in a file waits for the bank alone.
   AND NOT EXISTS (SELECT FROM payment_attempts a WHERE a.tenant_id = d.tenant_id
                      AND a.disbursement_id = d.disbursement_id AND a.state = 'UNKNOWN' AND a.reason = 'HANDED_OVER')
 GROUP BY b.tenant_id, b.batch_id, b.envelope_id
UNION ALL
SELECT e.envelope_id, format('it went on to %s, and %s of its payments were never looked up', e.state, count(*))
  FROM envelopes e
  JOIN disbursements d USING (tenant_id, envelope_id)
 WHERE e.state IN ('FUNDING', 'PAYING', 'RELEASING', 'FINISHED') AND d.state = 'RECEIVED'
 GROUP BY e.tenant_id, e.envelope_id, e.state
UNION ALL
SELECT s.statement_id::text, 'its file is worked off, and the statement is not'
  FROM statements s
  JOIN statement_files f USING (tenant_id, file_id)
 WHERE f.state = 'PROCESSED' AND s.state = 'PROCESSING'
UNION ALL
SELECT s.statement_id::text, format('%s of its lines were new when it was worked off, %s are there', s.new_lines, count(l.line_key))
  FROM statements s
  LEFT JOIN statement_lines l USING (tenant_id, statement_id)
 WHERE s.state = 'PROCESSED'
 GROUP BY s.tenant_id, s.statement_id, s.new_lines HAVING s.new_lines <> count(l.line_key)
