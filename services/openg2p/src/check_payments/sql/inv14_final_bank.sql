-- Accepted payments that nobody booked hold money too.
SELECT coalesce(e.envelope_id, k.key) AS id,
       format('%s of its block are left, and it is %s', k.amount - k.booked - k.released, coalesce(e.state, 'not known')) AS what
  FROM check_bank_blocks k
  LEFT JOIN envelopes e ON k.key = e.envelope_id || '/block'
 WHERE k.amount - k.booked - k.released > 0
   AND EXISTS (SELECT FROM benefit_programs p WHERE p.sponsor_bank_account_number = k.account)
   AND coalesce(e.state, 'FINISHED') IN ('FINISHED', 'CANCELLED', 'EXPIRED')
