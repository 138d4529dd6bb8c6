SELECT p.payment_reference_number
  FROM payments p
 WHERE p.tenant_id = $1 AND p.account_number = $2 AND p.state = 'booked' AND p.return_reason IS NOT NULL
   AND EXISTS (SELECT FROM journal_entries e JOIN legs l USING (tenant_id, entry_id)
                WHERE e.tenant_id = $1 AND e.kind = 'payment' AND e.reference = p.payment_reference_number
                  AND l.account_number = $2 AND l.statement_id IS NOT NULL)
 ORDER BY p.payment_reference_number
 LIMIT $3
   FOR NO KEY UPDATE OF p
