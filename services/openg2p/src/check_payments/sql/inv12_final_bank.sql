SELECT 'account ' || a.account_number AS id, format('%s of its movements stand on no statement', count(*)) AS what
  FROM accounts a
  JOIN legs l USING (tenant_id, account_number)
  JOIN journal_entries e USING (tenant_id, entry_id)
 WHERE a.kind = 'sponsor' AND l.statement_id IS NULL AND e.kind <> 'deposit'
 GROUP BY a.tenant_id, a.account_number
