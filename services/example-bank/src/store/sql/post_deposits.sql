WITH wanted AS (
    SELECT * FROM UNNEST($3::text[], $4::text[], $5::text[], $6::bigint[])
        AS n (reference, account_number, currency, amount)
), entries AS (
    INSERT INTO journal_entries (tenant_id, kind, reference, currency, booked_at)
    SELECT $1, 'deposit', reference, currency, $2 FROM wanted ORDER BY reference
    ON CONFLICT (tenant_id, kind, reference) DO NOTHING
    RETURNING entry_id, reference
), posted AS (
    INSERT INTO legs (tenant_id, entry_id, account_number, amount)
    SELECT $1, e.entry_id, leg.account_number, leg.amount
      FROM entries e
      JOIN wanted w USING (reference)
     CROSS JOIN LATERAL (VALUES (w.account_number, w.amount), ('cash:' || w.currency, -w.amount))
        AS leg (account_number, amount)
    RETURNING 1
)
SELECT reference FROM entries, (SELECT count(*) FROM posted) AS forced
