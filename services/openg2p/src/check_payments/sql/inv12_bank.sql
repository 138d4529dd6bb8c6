WITH chain AS (
    SELECT account_number, number, opening_balance, closing_balance, statement_id, tenant_id,
           coalesce(lag(number) OVER w, 0) AS before, coalesce(lag(closing_balance) OVER w, 0) AS closed
      FROM statements WINDOW w AS (PARTITION BY tenant_id, account_number ORDER BY number)
), told AS (
    SELECT tenant_id, statement_id, sum(amount) AS moved FROM legs WHERE statement_id IS NOT NULL GROUP BY 1, 2
)
SELECT format('bank statement %s of %s', c.number, c.account_number) AS id, v.what
  FROM chain c
  LEFT JOIN told t USING (tenant_id, statement_id)
 CROSS JOIN LATERAL (VALUES
       (c.number <> c.before + 1, format('the one before it is %s', c.before)),
       (c.opening_balance <> c.closed, format('it begins with %s, and the one before it ended with %s', c.opening_balance,
                                              c.closed)),
       (c.closing_balance - c.opening_balance <> coalesce(t.moved, 0),
        format('its lines come to %s, its balances differ by %s', coalesce(t.moved, 0),
               c.closing_balance - c.opening_balance))
     ) AS v (broken, what)
 WHERE v.broken
