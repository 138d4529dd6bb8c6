WITH raw AS (
    SELECT * FROM UNNEST($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                         $10::bigint[], $11::boolean[])
        AS t (line, mnemonic, name, code, owner, country, account_format, account_regex, strategy_id, active)
), wanted AS (
    SELECT r.line, p.id AS bank_id, r.code,
           COALESCE(r.mnemonic, b.branch_mnemonic, r.owner || '-' || r.code) AS mnemonic, r.name,
           COALESCE(r.active, b.active, true) AS active, b.id AS known
      FROM raw r
      LEFT JOIN banks p ON p.tenant_id = $1 AND p.bank_code = r.owner
      LEFT JOIN branches b ON b.tenant_id = $1 AND b.bank_id = p.id AND b.branch_code = r.code
), judged AS (
    SELECT w.*, CASE WHEN bank_id IS NULL THEN 'bank'
                     WHEN row_number() OVER (PARTITION BY bank_id IS NULL, mnemonic ORDER BY line) > 1
                          OR EXISTS (SELECT FROM branches o
                                      WHERE o.tenant_id = $1 AND o.branch_mnemonic = w.mnemonic
                                        AND (o.bank_id, o.branch_code) <> (w.bank_id, w.code)) THEN 'mnemonic' END AS refused
      FROM wanted w
), written AS (
    INSERT INTO branches AS b (tenant_id, branch_mnemonic, branch_name, branch_code, bank_id, active)
    SELECT $1, mnemonic, name, code, bank_id, active FROM judged WHERE refused IS NULL ORDER BY line
    ON CONFLICT (tenant_id, bank_id, branch_code) DO UPDATE
       SET branch_mnemonic = excluded.branch_mnemonic, branch_name = excluded.branch_name, active = excluded.active,
           updated_at = $12
     WHERE (b.branch_mnemonic, b.branch_name, b.active)
           IS DISTINCT FROM (excluded.branch_mnemonic, excluded.branch_name, excluded.active)
    RETURNING b.bank_id, b.branch_code
)
SELECT j.line, CASE WHEN j.refused IS NOT NULL THEN j.refused WHEN w.branch_code IS NULL THEN 'unchanged'
                    WHEN j.known IS NULL THEN 'inserted' ELSE 'updated' END AS outcome
  FROM judged j LEFT JOIN written w ON w.bank_id = j.bank_id AND w.branch_code = j.code AND j.refused IS NULL
