SELECT d.disbursement_id AS id, v.what
  FROM check_bank_payments b
  JOIN disbursements d ON d.disbursement_id = b.id
  JOIN envelopes e USING (tenant_id, envelope_id)
  JOIN benefit_programs g ON g.tenant_id = e.tenant_id AND g.benefit_program_mnemonic = e.benefit_program_mnemonic
       AND g.version = e.program_version
  LEFT JOIN payees p ON p.tenant_id = d.tenant_id AND p.disbursement_id = d.disbursement_id
 CROSS JOIN LATERAL (VALUES
       (b.amount <> d.amount_minor OR b.currency <> e.currency,
        format('it is %s %s, the bank has %s %s', d.amount_minor, e.currency, b.amount, b.currency)),
       (b.account <> g.sponsor_bank_account_number, 'the bank pays it from another account than its programme''s'),
       (b.payee_id IS DISTINCT FROM coalesce(p.account_number, p.mobile_number, p.email_address)
        OR b.payee_kind IS DISTINCT FROM CASE p.fa_type WHEN 'BANK_ACCOUNT' THEN 'account' ELSE 'wallet' END,
        'the bank pays it to another account than the mapper named')
     ) AS v (broken, what)
 WHERE b.state IS NOT NULL AND v.broken
