-- In order of number, so that two batches with common accounts wait for each other instead of deadlocking.
INSERT INTO accounts (tenant_id, account_number, currency, kind, status, opened_at)
SELECT $1, n.account_number, n.currency, n.kind, n.status, $2
  FROM UNNEST($3::text[], $4::text[], $5::text[], $6::text[]) AS n (account_number, currency, kind, status)
 ORDER BY n.account_number
ON CONFLICT (tenant_id, account_number) DO NOTHING
RETURNING account_number
