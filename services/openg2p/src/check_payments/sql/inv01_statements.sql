-- What the lines that count make together. $1: without the bank's books a second debit on a statement is the evidence.
SELECT d.disbursement_id AS id,
       format('statements show %s debits and %s reversals of it, %s of %s together', l.debits, l.reversals, l.net,
              d.amount_minor) AS what
  FROM disbursements d
  JOIN (SELECT tenant_id, payment_ref,
               count(*) FILTER (WHERE outcome = 'BOOKED') AS debits,
               count(*) FILTER (WHERE outcome = 'REVERSED') AS reversals,
               sum(CASE outcome WHEN 'BOOKED' THEN amount_minor ELSE -amount_minor END) AS net
          FROM statement_lines
         WHERE payment_ref IS NOT NULL AND outcome IN ('BOOKED', 'REVERSED')
         GROUP BY 1, 2) l ON l.tenant_id = d.tenant_id AND l.payment_ref = d.disbursement_id
 WHERE l.debits > 1 OR l.reversals > l.debits OR l.net NOT IN (0, d.amount_minor)
UNION ALL
SELECT payment_ref, 'a statement shows a second debit of it'
  FROM statement_lines
 WHERE $1 AND payment_ref IS NOT NULL AND mark = 'D' AND problem = 'DUPLICATE_DISBURSEMENT'
