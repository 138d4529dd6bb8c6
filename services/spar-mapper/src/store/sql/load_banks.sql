-- A line whose short name another bank has is left out: it would make two banks one.
WITH raw AS (
    SELECT * FROM UNNEST($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                         $10::bigint[], $11::boolean[])
        AS t (line, mnemonic, name, code, owner, country, account_format, account_regex, strategy_id, active)
), wanted AS (
    SELECT r.line, r.code, COALESCE(r.mnemonic, b.bank_mnemonic, r.code) AS mnemonic, r.name,
           COALESCE(r.country, b.country, '') AS country,
           COALESCE(r.account_format, b.account_format, 'any') AS account_format,
           CASE WHEN r.account_format IS NULL THEN b.account_regex ELSE r.account_regex END AS account_regex,
           COALESCE(r.strategy_id, b.strategy_id) AS strategy_id, COALESCE(r.active, b.active, true) AS active,
           b.id AS known
      FROM raw r LEFT JOIN banks b ON b.tenant_id = $1 AND b.bank_code = r.code
), judged AS (
    SELECT w.*, row_number() OVER (PARTITION BY mnemonic ORDER BY line) > 1
                OR EXISTS (SELECT FROM banks o
                            WHERE o.tenant_id = $1 AND o.bank_mnemonic = w.mnemonic AND o.bank_code <> w.code) AS taken
      FROM wanted w
), written AS (
    INSERT INTO banks AS b (tenant_id, bank_mnemonic, bank_name, bank_code, country, account_format, account_regex,
                            strategy_id, active)
    SELECT $1, mnemonic, name, code, country, account_format, account_regex, strategy_id, active
      FROM judged WHERE NOT taken ORDER BY line
    ON CONFLICT (tenant_id, bank_code) DO UPDATE
       SET bank_mnemonic = excluded.bank_mnemonic, bank_name = excluded.bank_name, country = excluded.country,
           account_format = excluded.account_format, account_regex = excluded.account_regex,
           strategy_id = excluded.strategy_id, active = excluded.active, updated_at = $12
     WHERE (b.bank_mnemonic, b.bank_name, b.country, b.account_format, b.account_regex, b.strategy_id, b.active)
           IS DISTINCT FROM (excluded.bank_mnemonic, excluded.bank_name, excluded.country, excluded.account_format,
                             excluded.account_regex, excluded.strategy_id, excluded.active)
    RETURNING b.bank_code
)
SELECT j.line, CASE WHEN j.taken THEN 'mnemonic' WHEN w.bank_code IS NULL THEN 'unchanged'
                    WHEN j.known IS NULL THEN 'inserted' ELSE 'updated' END AS outcome
  FROM judged j LEFT JOIN written w ON w.bank_code = j.code AND NOT j.taken
