-- What the directory knows of the banks and branches of a batch, one row a pair.
WITH asked AS (
    SELECT DISTINCT bank_code, branch_code FROM UNNEST($2::text[], $3::text[]) AS t (bank_code, branch_code)
)
SELECT a.bank_code, a.branch_code, b.active, b.country, b.account_format, b.account_regex, r.active AS branch_active,
       EXISTS (SELECT FROM branches any_branch
                WHERE any_branch.tenant_id = $1 AND any_branch.bank_id = b.id AND any_branch.active) AS has_branches
  FROM asked a
  JOIN banks b ON b.tenant_id = $1 AND b.bank_code = a.bank_code
  LEFT JOIN branches r ON r.tenant_id = $1 AND r.bank_id = b.id AND r.branch_code = a.branch_code
