-- $1: today. Envelopes that still take payments in, or whose day has not come, have not begun.
SELECT d.disbursement_id AS id, format('it stands in %s, which is no end', d.state) AS what
  FROM disbursements d
  JOIN envelopes e USING (tenant_id, envelope_id)
 WHERE d.state NOT IN ('PAID', 'REVERSED', 'REJECTED', 'CANCELLED')
   AND NOT (e.state = 'RECEIVING' OR e.state = 'SCHEDULED' AND e.schedule_date > $1)
UNION ALL
SELECT e.envelope_id, format('it stands in %s%s, which is no end', e.state, coalesce(' with ' || e.problem, ''))
  FROM envelopes e
 WHERE e.state NOT IN ('FINISHED', 'CANCELLED', 'EXPIRED')
   AND NOT (e.state = 'RECEIVING' OR e.state = 'SCHEDULED' AND e.schedule_date > $1)
UNION ALL
SELECT f.file_id::text, format('the statement file stands in %s', f.state)
  FROM statement_files f WHERE f.state <> 'PROCESSED'
