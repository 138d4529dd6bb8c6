-- The payments of a batch that are not with the bank for sure, with their accounts. One index look-up a payment, see
-- apply_changes.sql.
SELECT d.disbursement_id, d.seq, d.state, d.reason, d.amount_minor, d.narrative, d.beneficiary_id, d.beneficiary_name,
       p.fa_type, p.account_number, p.account_type, p.bank_code, p.branch_code, p.mobile_number, p.email_address,
       p.wallet_provider, a.sent_at, a.call_id, COALESCE(a.may_resend, false) AS may_resend
  FROM disbursements AS d
  LEFT JOIN LATERAL (
        SELECT * FROM payees AS p WHERE p.tenant_id = $1 AND p.disbursement_id = d.disbursement_id LIMIT 1) AS p ON true
  LEFT JOIN LATERAL (
        SELECT a.sent_at, a.call_id, a.may_resend FROM payment_attempts AS a
         WHERE a.tenant_id = $1 AND a.disbursement_id = d.disbursement_id
           AND a.state IN ('SENDING', 'UNKNOWN', 'ACCEPTED') LIMIT 1) AS a ON true
 WHERE d.tenant_id = $1 AND d.envelope_id = $2 AND d.seq BETWEEN $3 AND $4
   AND d.state IN ('RESOLVED', 'SENDING', 'UNKNOWN')
 ORDER BY d.seq
