SELECT a.disbursement_id AS id, format('its amount is %s, attempt %s was of %s', d.amount_minor, a.attempt_no, a.amount_minor)
           AS what
  FROM payment_attempts a
  JOIN disbursements d USING (tenant_id, disbursement_id)
 WHERE a.amount_minor <> d.amount_minor
UNION ALL
SELECT l.payment_ref, format('its amount is %s %s, a line that counts says %s %s', d.amount_minor, e.currency, l.amount_minor,
                             coalesce(l.currency, e.currency))
  FROM statement_lines l
  JOIN disbursements d ON d.tenant_id = l.tenant_id AND d.disbursement_id = l.payment_ref
  JOIN envelopes e ON e.tenant_id = d.tenant_id AND e.envelope_id = d.envelope_id
 WHERE l.outcome IN ('BOOKED', 'REVERSED')
   AND (l.amount_minor IS DISTINCT FROM d.amount_minor OR coalesce(l.currency, e.currency) <> e.currency)
UNION ALL
SELECT e.envelope_id, format('%s of it have an account by its own row, %s by its payments', e.eligible_minor, d.minor)
  FROM envelopes e
 CROSS JOIN LATERAL (
        SELECT coalesce(sum(d.amount_minor), 0) AS minor
          FROM disbursements d
          JOIN payment_batches b ON b.tenant_id = d.tenant_id AND b.envelope_id = d.envelope_id
               AND d.seq BETWEEN b.first_seq AND b.last_seq
         WHERE d.tenant_id = e.tenant_id AND d.envelope_id = e.envelope_id
           AND EXISTS (SELECT FROM payees p WHERE p.tenant_id = d.tenant_id AND p.disbursement_id = d.disbursement_id)) d
 WHERE e.state IN ('PAYING', 'RELEASING', 'FINISHED') AND e.eligible_count > 0 AND e.eligible_minor <> d.minor
