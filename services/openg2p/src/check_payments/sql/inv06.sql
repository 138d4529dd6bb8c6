-- Every line that names a payment, judged anew by all lines together: their order and number of uploads leave no trace.
-- The rules are those of the bridge's `domain::matching`. A line of a payment that is not at its end is judged again when
-- the payment has been there for long.
WITH named AS (
    SELECT l.tenant_id, l.line_key, l.payment_ref, l.outcome, d.state,
           CASE WHEN d.disbursement_id IS NULL OR s.account_number <> p.sponsor_bank_account_number
                  OR coalesce(l.currency, e.currency) <> e.currency OR l.amount_minor IS DISTINCT FROM d.amount_minor
                THEN 'PROBLEM'
                WHEN d.state IN ('RECEIVED', 'RESOLVED') THEN 'WAITING'
                WHEN d.state IN ('CANCELLED', 'REJECTED') THEN 'PROBLEM'
                WHEN l.mark = 'RD' THEN 'REVERSED'
                ELSE 'BOOKED' END AS alone
      FROM statement_lines l
      JOIN statements s USING (tenant_id, statement_id)
      LEFT JOIN disbursements d ON d.tenant_id = l.tenant_id AND d.disbursement_id = l.payment_ref
      LEFT JOIN envelopes e ON e.tenant_id = d.tenant_id AND e.envelope_id = d.envelope_id
      LEFT JOIN benefit_programs p ON p.tenant_id = e.tenant_id AND p.version = e.program_version
            AND p.benefit_program_mnemonic = e.benefit_program_mnemonic
     WHERE l.payment_ref IS NOT NULL AND l.mark IN ('D', 'RD')
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY tenant_id, payment_ref, alone ORDER BY line_key COLLATE "C") AS place,
           bool_or(alone = 'BOOKED') OVER (PARTITION BY tenant_id, payment_ref) AS debited
      FROM named
), judged AS (
    SELECT *, CASE WHEN alone = 'BOOKED' AND place > 1 THEN 'PROBLEM'
                   WHEN alone = 'REVERSED' AND NOT debited THEN 'WAITING'
                   WHEN alone = 'REVERSED' AND place > 1 THEN 'PROBLEM'
                   ELSE alone END AS wanted
      FROM ranked
)
SELECT payment_ref AS id, format('a line of it stands as %s, and all lines together make it %s', outcome, wanted) AS what
  FROM judged
 WHERE outcome <> wanted AND coalesce(state, '') NOT IN ('SENDING', 'UNKNOWN', 'ACCEPTED')
UNION ALL
SELECT d.disbursement_id, format('it stands in %s, and statements show %s debits and %s reversals that count', d.state,
                                 coalesce(l.debits, 0), coalesce(l.reversals, 0))
  FROM disbursements d
  LEFT JOIN (SELECT tenant_id, payment_ref, count(*) FILTER (WHERE outcome = 'BOOKED') AS debits,
                    count(*) FILTER (WHERE outcome = 'REVERSED') AS reversals
               FROM statement_lines WHERE payment_ref IS NOT NULL AND outcome IN ('BOOKED', 'REVERSED')
              GROUP BY 1, 2) l ON l.tenant_id = d.tenant_id AND l.payment_ref = d.disbursement_id
 WHERE (d.state IN ('PAID', 'REVERSED')) <> (coalesce(l.debits, 0) > 0)
    OR (d.state = 'REVERSED') <> (coalesce(l.reversals, 0) > 0)
