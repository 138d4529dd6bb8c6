WITH numbered AS (
    SELECT tenant_id, disbursement_id, attempt_no, payment_key, state,
           row_number() OVER w AS place, lead(attempt_no) OVER w IS NULL AS last
      FROM payment_attempts WINDOW w AS (PARTITION BY tenant_id, disbursement_id ORDER BY attempt_no)
), sent AS (
    SELECT tenant_id, subject, count(*) AS times FROM state_changes WHERE after = 'SENDING' GROUP BY 1, 2
)
SELECT disbursement_id AS id, 'its attempts are not numbered without a gap: one is missing' AS what
  FROM numbered WHERE attempt_no <> place
UNION ALL
SELECT disbursement_id, format('it was sent again while attempt %s stood in %s: the bank had not said that it does not know it',
                               attempt_no, state)
  FROM numbered WHERE NOT last AND state <> 'NOT_FOUND'
UNION ALL
SELECT disbursement_id, format('attempt %s went to the bank under another key', attempt_no)
  FROM numbered WHERE payment_key <> disbursement_id
UNION ALL
SELECT d.disbursement_id, format('it stands in %s, and its last attempt in %s', d.state, coalesce(n.state, 'none'))
  FROM disbursements d
  LEFT JOIN numbered n ON n.tenant_id = d.tenant_id AND n.disbursement_id = d.disbursement_id AND n.last
 WHERE NOT CASE d.state WHEN 'SENDING' THEN n.state IS NOT DISTINCT FROM 'SENDING'
                        WHEN 'UNKNOWN' THEN n.state IS NOT DISTINCT FROM 'UNKNOWN'
                        WHEN 'REJECTED' THEN coalesce(n.state, 'REJECTED') = 'REJECTED'
                        WHEN 'RECEIVED' THEN n.state IS NULL
                        WHEN 'RESOLVED' THEN n.state IS NULL
                        -- INV3 tells of those.
                        WHEN 'CANCELLED' THEN true
                        ELSE n.state IS NOT DISTINCT FROM 'ACCEPTED' END
UNION ALL
SELECT n.disbursement_id, format('it was sent %s times by its history, and has %s attempts', coalesce(s.times, 0), n.place)
  FROM numbered n
  LEFT JOIN sent s ON s.tenant_id = n.tenant_id AND s.subject = n.disbursement_id
 WHERE n.last AND coalesce(s.times, 0) <> n.place
UNION ALL
SELECT s.subject, format('it was sent %s times by its history, and has no attempt', s.times)
  FROM sent s
 WHERE NOT EXISTS (SELECT FROM payment_attempts a WHERE a.tenant_id = s.tenant_id AND a.disbursement_id = s.subject)
