SELECT b.id, format('the bank moved %s for it, and its amount is %s', b.net, d.amount_minor) AS what
  FROM check_bank_payments b
  JOIN disbursements d ON d.disbursement_id = b.id
 WHERE b.net NOT IN (0, d.amount_minor)
UNION ALL
SELECT b.id, format('the bank has it in state %s, and the bridge does not know it', coalesce(b.state, 'none')) AS what
  FROM check_bank_payments b
 WHERE b.state IS DISTINCT FROM 'rejected'
   AND EXISTS (SELECT FROM benefit_programs p WHERE p.sponsor_bank_account_number = b.account)
   AND NOT EXISTS (SELECT FROM disbursements d WHERE d.disbursement_id = b.id)
