UPDATE payments p
   SET state = $4, booked_at = $2,
       return_reason = CASE WHEN k.closed OR a.status = 'closed' THEN 'ACCOUNT_CLOSED'
                            WHEN a.status = 'frozen' THEN 'ACCOUNT_FROZEN'
                            WHEN a.currency <> p.currency THEN 'ACCOUNT_CURRENCY'
                            WHEN a.kind = 'sponsor' THEN 'ACCOUNT_NOT_FOUND' END
  FROM UNNEST($5::text[], $6::boolean[]) AS k (payment_reference_number, closed), accounts a
 WHERE p.tenant_id = $1 AND p.payment_reference_number = k.payment_reference_number AND p.state = $3
   AND a.tenant_id = $1 AND a.account_number = p.credit_account
