WITH raw AS (
    SELECT * FROM UNNEST($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                         $10::bigint[], $11::boolean[])
        AS t (line, mnemonic, name, code, owner, country, account_format, account_regex, strategy_id, active)
), wanted AS (
    SELECT r.line, r.owner AS wallet_type, r.code, COALESCE(r.mnemonic, b.sp_mnemonic, r.code) AS mnemonic, r.name,
           COALESCE(r.country, b.country, '') AS country, COALESCE(r.strategy_id, b.strategy_id) AS strategy_id,
           COALESCE(r.active, b.active, true) AS active, b.id AS known
      FROM raw r
      LEFT JOIN wallet_service_providers b ON b.tenant_id = $1 AND b.wallet_type = r.owner AND b.sp_code = r.code
), judged AS (
    SELECT w.*, row_number() OVER (PARTITION BY mnemonic ORDER BY line) > 1
                OR EXISTS (SELECT FROM wallet_service_providers o
                            WHERE o.tenant_id = $1 AND o.sp_mnemonic = w.mnemonic
                              AND (o.wallet_type, o.sp_code) <> (w.wallet_type, w.code)) AS taken
      FROM wanted w
), written AS (
    INSERT INTO wallet_service_providers AS b (tenant_id, sp_mnemonic, sp_name, sp_code, wallet_type, country, strategy_id,
                                               active)
    SELECT $1, mnemonic, name, code, wallet_type, country, strategy_id, active FROM judged WHERE NOT taken ORDER BY line
    ON CONFLICT (tenant_id, wallet_type, sp_code) DO UPDATE
       SET sp_mnemonic = excluded.sp_mnemonic, sp_name = excluded.sp_name, country = excluded.country,
           strategy_id = excluded.strategy_id, active = excluded.active, updated_at = $12
     WHERE (b.sp_mnemonic, b.sp_name, b.country, b.strategy_id, b.active)
           IS DISTINCT FROM (excluded.sp_mnemonic, excluded.sp_name, excluded.country, excluded.strategy_id, excluded.active)
    RETURNING b.wallet_type, b.sp_code
)
SELECT j.line, CASE WHEN j.taken THEN 'mnemonic' WHEN w.sp_code IS NULL THEN 'unchanged'
                    WHEN j.known IS NULL THEN 'inserted' ELSE 'updated' END AS outcome
  FROM judged j LEFT JOIN written w ON w.wallet_type = j.wallet_type AND w.sp_code = j.code AND NOT j.taken
