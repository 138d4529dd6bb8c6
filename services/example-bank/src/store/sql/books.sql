WITH by_account AS (
    SELECT currency, sum(book_balance)::bigint AS balances FROM accounts WHERE tenant_id = $1 GROUP BY currency
), by_leg AS (
    SELECT e.currency, sum(l.amount)::bigint AS legs
      FROM legs l JOIN journal_entries e USING (tenant_id, entry_id) WHERE l.tenant_id = $1 GROUP BY e.currency
), by_block AS (
    SELECT currency, count(*) AS blocks, sum(amount - booked - released)::bigint AS amount
      FROM blocks WHERE tenant_id = $1 AND amount - booked - released > 0 GROUP BY currency
), by_payment AS (
    SELECT currency,
           count(*) FILTER (WHERE state = 'accepted') AS accepted,
           sum(amount) FILTER (WHERE state = 'accepted') AS accepted_amount,
           count(*) FILTER (WHERE state = 'booked') AS booked,
           sum(amount) FILTER (WHERE state = 'booked') AS booked_amount,
           count(*) FILTER (WHERE state = 'reversed') AS reversed,
           sum(amount) FILTER (WHERE state = 'reversed') AS reversed_amount,
           count(*) FILTER (WHERE state = 'rejected') AS rejected,
           sum(amount) FILTER (WHERE state = 'rejected') AS rejected_amount,
           count(*) FILTER (WHERE state = 'booked' AND return_reason IS NOT NULL) AS pending_returns
      FROM payments WHERE tenant_id = $1 GROUP BY currency
)
SELECT currency,
       coalesce(l.legs, 0) AS legs, coalesce(a.balances, 0) AS balances,
       coalesce(b.blocks, 0) AS open_blocks, coalesce(b.amount, 0) AS open_block_amount,
       coalesce(p.accepted, 0) AS accepted, coalesce(p.accepted_amount, 0)::bigint AS accepted_amount,
       coalesce(p.booked, 0) AS booked, coalesce(p.booked_amount, 0)::bigint AS booked_amount,
       coalesce(p.reversed, 0) AS reversed, coalesce(p.reversed_amount, 0)::bigint AS reversed_amount,
       coalesce(p.rejected, 0) AS rejected, coalesce(p.rejected_amount, 0)::bigint AS rejected_amount,
       coalesce(p.pending_returns, 0) AS pending_returns
  FROM by_account a
  LEFT JOIN by_leg l USING (currency)
  LEFT JOIN by_block b USING (currency)
  FULL JOIN by_payment p USING (currency)
 ORDER BY currency
