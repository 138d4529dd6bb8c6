-- Every payment with what the journal moved for it.
SELECT coalesce(p.payment_reference_number, j.reference) AS id, p.state, p.amount, p.currency,
       coalesce(p.account_number, j.account) AS account, p.block_reference AS block, p.payee_kind, p.payee_id,
       p.return_reason IS NOT NULL AND p.state = 'booked' AS goes_back, coalesce(j.net, 0)::bigint AS net
  FROM payments p
  FULL JOIN (
        SELECT e.tenant_id, e.reference, min(l.account_number) AS account, -sum(l.amount) AS net
          FROM journal_entries e
          JOIN legs l USING (tenant_id, entry_id)
          JOIN accounts a USING (tenant_id, account_number)
         WHERE e.kind IN ('payment', 'reversal') AND a.kind = 'sponsor'
         GROUP BY 1, 2
       ) j ON j.tenant_id = p.tenant_id AND j.reference = p.payment_reference_number
