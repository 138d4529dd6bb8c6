WITH p AS MATERIALIZED (
    SELECT p.* FROM (SELECT DISTINCT key FROM UNNEST($3::text[]) AS n (key)) AS k
     CROSS JOIN LATERAL (SELECT * FROM payments WHERE tenant_id = $1 AND payment_reference_number = k.key LIMIT 1) AS p
), entries AS (
    INSERT INTO journal_entries (tenant_id, kind, reference, currency, booked_at)
    SELECT $1, 'reversal', p.payment_reference_number, p.currency, $2 FROM p ORDER BY p.payment_reference_number
    RETURNING entry_id, reference
)
INSERT INTO legs (tenant_id, entry_id, account_number, amount)
SELECT $1, e.entry_id, leg.account_number, leg.amount
  FROM entries e
  JOIN p ON p.payment_reference_number = e.reference
 CROSS JOIN LATERAL (VALUES
       (1, p.account_number, p.amount),
       (2, 'returns:' || p.currency, -p.amount)
     ) AS leg (position, account_number, amount)
 ORDER BY e.entry_id, leg.position
