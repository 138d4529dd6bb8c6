SELECT l.leg_id, l.entry_id, l.amount, e.kind, e.reference, e.booked_at, p.narratives, p.return_reason
  FROM (SELECT tenant_id, leg_id, entry_id, amount FROM legs
         WHERE tenant_id = $1 AND account_number = $2 AND statement_id IS NULL
         ORDER BY leg_id LIMIT $3) AS l
  JOIN journal_entries e USING (tenant_id, entry_id)
  LEFT JOIN payments p ON p.tenant_id = e.tenant_id AND p.payment_reference_number = e.reference AND e.kind <> 'deposit'
 ORDER BY l.leg_id
