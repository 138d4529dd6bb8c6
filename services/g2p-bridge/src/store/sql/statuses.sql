-- The states of payments, and the statement lines that name them: a row for each line, one without where there is none.
-- A cancelled envelope's payments are cancelled the moment the envelope is, though their rows follow later. One index
-- look-up a payment, see apply_changes.sql (OFFSET 0 keeps it that for the lines, too); envelope, attempt and statement are looked for where they are shown only.
SELECT i.disbursement_id, d.envelope_id, d.reason, d.updated_at, a.batch_id,
       CASE WHEN d.state IN ('RECEIVED', 'RESOLVED') AND EXISTS (
                 SELECT FROM envelopes AS e
                  WHERE e.tenant_id = $1 AND e.envelope_id = d.envelope_id AND e.state = 'CANCELLED')
            THEN 'CANCELLED' ELSE d.state END AS state,
       l.outcome, l.problem, l.bank_ref, l.payee_name, l.reversal_reason, l.statement_id, s.statement_number,
       s.sequence_number, l.entry_no, l.entry_date, l.value_date
  FROM (SELECT DISTINCT n.disbursement_id FROM UNNEST($2::text[]) AS n(disbursement_id)) AS i
  LEFT JOIN LATERAL (
        SELECT d.envelope_id, d.reason, d.updated_at, d.state FROM disbursements AS d
         WHERE d.tenant_id = $1 AND d.disbursement_id = i.disbursement_id LIMIT 1) AS d ON true
  LEFT JOIN LATERAL (
        SELECT l.outcome, l.problem, l.bank_ref, l.payee_name, l.reversal_reason, l.statement_id, l.entry_no,
               l.entry_date, l.value_date, l.created_at
          FROM statement_lines AS l
         WHERE l.tenant_id = $1 AND l.payment_ref = i.disbursement_id AND l.outcome <> 'IGNORED' OFFSET 0) AS l ON true
  LEFT JOIN LATERAL (
        SELECT s.statement_number, s.sequence_number FROM statements AS s
         WHERE s.tenant_id = $1 AND s.statement_id = l.statement_id LIMIT 1) AS s ON true
  LEFT JOIN LATERAL (
        SELECT a.batch_id FROM payment_attempts AS a
         WHERE a.tenant_id = $1 AND a.disbursement_id = i.disbursement_id AND l.outcome = 'BOOKED'
         ORDER BY a.attempt_no DESC LIMIT 1) AS a ON true
 ORDER BY l.created_at, l.entry_no
