SELECT (SELECT count(*) FROM (SELECT 1 FROM legs WHERE tenant_id = $1 GROUP BY entry_id HAVING sum(amount) <> 0) AS e)
           AS unbalanced_entries,
       (SELECT count(*) FROM accounts a
          LEFT JOIN (SELECT account_number, sum(amount) AS amount FROM legs WHERE tenant_id = $1 GROUP BY account_number) l
            USING (account_number)
         WHERE a.tenant_id = $1 AND a.book_balance <> coalesce(l.amount, 0)) AS wrong_balances,
       (SELECT count(*) FROM accounts a
          LEFT JOIN (SELECT account_number, sum(amount - booked - released) AS amount
                       FROM blocks WHERE tenant_id = $1 GROUP BY account_number) b
            USING (account_number)
         WHERE a.tenant_id = $1 AND a.blocked <> coalesce(b.amount, 0)) AS wrong_blocked
