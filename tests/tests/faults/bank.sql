INSERT INTO accounts (account_number, currency, kind) VALUES ('SP-1', 'KES', 'sponsor'), ('cash:KES', 'KES', 'clearing');
WITH entry AS (
    INSERT INTO journal_entries (kind, reference, currency, booked_at) VALUES ('deposit', 'start', 'KES', now())
    RETURNING entry_id
) INSERT INTO legs (entry_id, account_number, amount)
  SELECT entry_id, account, amount FROM entry, (VALUES ('SP-1', 1000000000), ('cash:KES', -1000000000)) AS v (account, amount)
