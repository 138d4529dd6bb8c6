-- The accounts of payments that were just resolved.
INSERT INTO payees (tenant_id, disbursement_id, fa_type, account_number, account_type, bank_code, branch_code,
                    mobile_number, email_address, wallet_provider, resolved_at)
SELECT $1, n.*, $2::timestamptz
  FROM UNNEST($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
              $11::text[]) AS n
ON CONFLICT (tenant_id, disbursement_id) DO UPDATE
   SET fa_type = excluded.fa_type, account_number = excluded.account_number, account_type = excluded.account_type,
       bank_code = excluded.bank_code, branch_code = excluded.branch_code, mobile_number = excluded.mobile_number,
       email_address = excluded.email_address, wallet_provider = excluded.wallet_provider,
       resolved_at = excluded.resolved_at
