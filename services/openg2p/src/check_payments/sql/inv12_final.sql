-- What the bank delivered and the bridge has not taken in, for the accounts of its programmes.
SELECT format('bank statement %s of %s', b.number, b.account) AS id,
       'it was delivered, and the bridge has no sound statement of that number with its balances' AS what
  FROM check_bank_statements b
 WHERE b.delivered
   AND EXISTS (SELECT FROM benefit_programs p WHERE p.sponsor_bank_account_number = b.account)
   AND NOT EXISTS (SELECT FROM statements s
                    WHERE s.account_number = b.account AND s.statement_number = b.number::text AND s.state = 'PROCESSED'
                      AND s.opening_minor = b.opening AND s.closing_minor = b.closing)
