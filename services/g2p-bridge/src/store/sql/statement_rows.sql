-- The next payments of an envelope, each with what the bank's statements say of it.
SELECT d.seq, d.disbursement_id, d.beneficiary_id, d.amount_minor,
       CASE WHEN e.state = 'CANCELLED' AND d.state IN ('RECEIVED', 'RESOLVED') THEN 'CANCELLED' ELSE d.state END AS state,
       d.reason, d.updated_at,
       l.bank_ref, l.booked_on, l.reversed_on, l.debits, l.debit_minor, l.reversals, l.reversal_minor,
       d.state = 'REJECTED' AND EXISTS (
           SELECT 1 FROM payment_attempts AS a WHERE a.tenant_id = d.tenant_id AND a.disbursement_id = d.disbursement_id
       ) AS was_sent
  FROM (SELECT * FROM disbursements
         WHERE tenant_id = $1 AND envelope_id = $2 AND seq > $3 ORDER BY seq LIMIT $4) AS d
  JOIN envelopes AS e ON e.tenant_id = d.tenant_id AND e.envelope_id = d.envelope_id
 CROSS JOIN LATERAL (
       SELECT min(bank_ref) FILTER (WHERE outcome = 'BOOKED') AS bank_ref,
              min(COALESCE(entry_date, value_date)) FILTER (WHERE outcome = 'BOOKED') AS booked_on,
              min(COALESCE(entry_date, value_date)) FILTER (WHERE outcome = 'REVERSED') AS reversed_on,
              count(*) FILTER (WHERE outcome = 'BOOKED') AS debits,
              COALESCE(sum(amount_minor) FILTER (WHERE outcome = 'BOOKED'), 0)::bigint AS debit_minor,
              count(*) FILTER (WHERE outcome = 'REVERSED') AS reversals,
              COALESCE(sum(amount_minor) FILTER (WHERE outcome = 'REVERSED'), 0)::bigint AS reversal_minor
         FROM statement_lines
        WHERE tenant_id = d.tenant_id AND payment_ref = d.disbursement_id AND outcome IN ('BOOKED', 'REVERSED')) AS l
 ORDER BY d.seq
