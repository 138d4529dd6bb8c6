WITH sponsors AS (
    SELECT tenant_id, account_number FROM accounts WHERE tenant_id = $1 AND kind = 'sponsor'
), unreported AS (
    -- A deposit alone makes no statement: it is told with the next payment, or when a statement is asked for.
    SELECT count(*) AS entries
      FROM sponsors JOIN legs l USING (tenant_id, account_number) JOIN journal_entries e USING (tenant_id, entry_id)
     WHERE l.statement_id IS NULL AND e.kind <> 'deposit'
), told AS (
    SELECT count(*) AS statements,
           count(*) FILTER (WHERE delivered_at IS NULL) AS undelivered,
           coalesce(sum(entries) FILTER (WHERE delivered_at IS NULL), 0)::bigint AS entries
      FROM statements WHERE tenant_id = $1
), counted AS (
    SELECT count(*) AS accounts, count(*) FILTER (WHERE status = 'closed') AS closed
      FROM accounts WHERE tenant_id = $1
)
SELECT u.entries AS unreported_entries, u.entries + t.entries AS undelivered_entries, t.statements,
       t.undelivered AS undelivered_statements, c.accounts, c.closed AS closed_accounts
  FROM unreported u, told t, counted c
