-- In order of keys, so that two batches with common keys wait for each other instead of deadlocking.
INSERT INTO payments (tenant_id, batch_id, received_by, received_at, payment_reference_number, state, reason,
                      account_number, currency, amount, block_reference, payee_kind, payee_id, payee_at,
                      credit_account, narratives, payment_date)
SELECT $1, $2, $3, $4, n.*
  FROM UNNEST($5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[],
              $13::text[], $14::text[], $15::text[], $16::text[], $17::date[])
       AS n (payment_reference_number, state, reason, account_number, currency, amount, block_reference, payee_kind,
             payee_id, payee_at, credit_account, narratives, payment_date)
 ORDER BY n.payment_reference_number
ON CONFLICT (tenant_id, payment_reference_number) DO NOTHING
