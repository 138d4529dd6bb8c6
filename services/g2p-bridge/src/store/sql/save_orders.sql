-- Items of a disburse message. One that was refused before gives way; one that was taken stays as it is.
INSERT INTO disburse_orders AS o (tenant_id, sender, transaction_id, received_at, reference_id, disbursement_id,
                                  content_key, payer_fa, payee_fa, reason_code, reason_text)
SELECT $1, $2, $3, $4, n.*
  FROM UNNEST($5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[]) AS n
ON CONFLICT (tenant_id, sender, transaction_id, reference_id) DO UPDATE
   SET received_at = excluded.received_at, disbursement_id = excluded.disbursement_id,
       content_key = excluded.content_key, payer_fa = excluded.payer_fa, payee_fa = excluded.payee_fa,
       reason_code = excluded.reason_code, reason_text = excluded.reason_text
 WHERE o.disbursement_id IS NULL
