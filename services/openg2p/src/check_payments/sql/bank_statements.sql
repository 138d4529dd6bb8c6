SELECT account_number AS account, number::bigint AS number, opening_balance AS opening, closing_balance AS closing,
       delivered_at IS NOT NULL AS delivered
  FROM statements
