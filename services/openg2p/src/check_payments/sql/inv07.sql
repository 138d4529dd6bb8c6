SELECT 'entry ' || entry_id AS id, format('its legs sum to %s', sum(amount)) AS what
  FROM legs GROUP BY tenant_id, entry_id HAVING sum(amount) <> 0
UNION ALL
SELECT 'currency ' || e.currency, format('all legs sum to %s', sum(l.amount))
  FROM legs l JOIN journal_entries e USING (tenant_id, entry_id)
 GROUP BY e.tenant_id, e.currency HAVING sum(l.amount) <> 0
UNION ALL
SELECT 'account ' || a.account_number, v.what
  FROM accounts a
  LEFT JOIN (SELECT tenant_id, account_number, sum(amount) AS amount FROM legs GROUP BY 1, 2) l
    USING (tenant_id, account_number)
  LEFT JOIN (SELECT tenant_id, account_number, sum(amount - booked - released) AS amount FROM blocks GROUP BY 1, 2) b
    USING (tenant_id, account_number)
 CROSS JOIN LATERAL (VALUES
       (a.book_balance <> coalesce(l.amount, 0), format('its balance is %s, its legs sum to %s', a.book_balance,
                                                         coalesce(l.amount, 0))),
       (a.blocked <> coalesce(b.amount, 0), format('%s are blocked, %s are left of its blocks', a.blocked,
                                                   coalesce(b.amount, 0))),
       (a.kind <> 'clearing' AND a.book_balance - a.blocked < 0,
        format('%s more are blocked than it holds', a.blocked - a.book_balance))
     ) AS v (broken, what)
 WHERE v.broken
UNION ALL
SELECT 'block ' || b.block_reference, v.what
  FROM blocks b
  LEFT JOIN (SELECT tenant_id, block_reference, sum(amount) AS used,
                    sum(amount) FILTER (WHERE state <> 'accepted') AS booked
               FROM payments WHERE state <> 'rejected' GROUP BY 1, 2) p USING (tenant_id, block_reference)
  LEFT JOIN (SELECT tenant_id, block_reference, sum(amount) AS amount FROM block_releases GROUP BY 1, 2) r
    USING (tenant_id, block_reference)
 CROSS JOIN LATERAL (VALUES
       (b.used <> coalesce(p.used, 0), format('%s are used, its payments come to %s', b.used, coalesce(p.used, 0))),
       (b.booked <> coalesce(p.booked, 0), format('%s are booked, its booked payments come to %s', b.booked,
                                                  coalesce(p.booked, 0))),
       (b.released <> coalesce(r.amount, 0), format('%s are released, its releases come to %s', b.released,
                                                    coalesce(r.amount, 0)))
     ) AS v (broken, what)
 WHERE v.broken
UNION ALL
SELECT 'payment ' || p.payment_reference_number,
       format('it is %s, and the journal holds %s bookings and %s reversals of it', p.state, coalesce(j.booked, 0),
              coalesce(j.reversed, 0))
  FROM payments p
  LEFT JOIN (SELECT tenant_id, reference AS payment_reference_number, count(*) FILTER (WHERE kind = 'payment') AS booked,
                    count(*) FILTER (WHERE kind = 'reversal') AS reversed
               FROM journal_entries WHERE kind IN ('payment', 'reversal') GROUP BY 1, 2) j
    USING (tenant_id, payment_reference_number)
 WHERE (p.state IN ('booked', 'reversed')) <> (coalesce(j.booked, 0) = 1)
    OR (p.state = 'reversed') <> (coalesce(j.reversed, 0) = 1)
