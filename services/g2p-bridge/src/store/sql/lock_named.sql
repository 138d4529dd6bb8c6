-- The payments that statement lines name, locked in the order of their ids. One index look-up a payment, see
-- apply_changes.sql.
SELECT d.disbursement_id, d.state, d.amount_minor, e.currency, p.sponsor_bank_account_number AS account_number
  FROM (SELECT * FROM UNNEST($2::text[]) AS n(disbursement_id) ORDER BY 1) AS i
 CROSS JOIN LATERAL (
        SELECT d.disbursement_id, d.envelope_id, d.state, d.amount_minor FROM disbursements AS d
         WHERE d.tenant_id = $1 AND d.disbursement_id = i.disbursement_id LIMIT 1 FOR NO KEY UPDATE) AS d
 CROSS JOIN LATERAL (
        SELECT e.currency, e.benefit_program_mnemonic, e.program_version FROM envelopes AS e
         WHERE e.tenant_id = $1 AND e.envelope_id = d.envelope_id LIMIT 1) AS e
 CROSS JOIN LATERAL (
        SELECT p.sponsor_bank_account_number FROM benefit_programs AS p
         WHERE p.tenant_id = $1 AND p.benefit_program_mnemonic = e.benefit_program_mnemonic
           AND p.version = e.program_version LIMIT 1) AS p
