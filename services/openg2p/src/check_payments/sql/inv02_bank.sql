SELECT e.envelope_id AS id, format('the bank blocked %s, the bridge noted %s', k.amount, e.blocked_minor) AS what
  FROM envelopes e
  JOIN check_bank_blocks k ON k.id = e.block_reference
 WHERE k.amount <> e.blocked_minor
UNION ALL
SELECT k.key, format('the bank pays %s from a block of %s', p.minor, k.amount)
  FROM check_bank_blocks k
  JOIN (SELECT block, sum(amount) AS minor FROM check_bank_payments
         WHERE state IN ('accepted', 'booked', 'reversed') GROUP BY 1) p ON p.block = k.id
 WHERE p.minor > k.amount
UNION ALL
SELECT b.id, 'the bank pays it from the block of another envelope'
  FROM check_bank_payments b
  JOIN disbursements d ON d.disbursement_id = b.id
  JOIN envelopes e ON e.tenant_id = d.tenant_id AND e.envelope_id = d.envelope_id
 WHERE b.state IN ('accepted', 'booked', 'reversed') AND e.block_reference IS NOT NULL AND b.block <> e.block_reference
