-- Sound statements of an account, in the order of their numbers. What the bridge found and noted is not told again here:
-- it stands among the lines in doubt.
WITH flagged AS (
    SELECT tenant_id, statement_id, line_key, problem FROM statement_lines WHERE mark = '?' AND problem IS NOT NULL
), sound AS (
    SELECT s.tenant_id, s.account_number, date_part('year', s.statement_date)::int AS year, s.statement_number::bigint AS n,
           coalesce(s.sequence_number, '1') AS page, s.opening_minor, s.closing_minor, s.statement_id::text AS id,
           EXISTS (SELECT FROM flagged f WHERE f.tenant_id = s.tenant_id AND f.statement_id = s.statement_id
                      AND f.problem = 'STATEMENT_NUMBER_REUSED') AS noted
      FROM statements s
     WHERE s.state = 'PROCESSED' AND s.problem IS NULL AND s.statement_number ~ '^[0-9]{1,18}$'
       AND s.opening_minor IS NOT NULL AND s.closing_minor IS NOT NULL AND s.statement_date IS NOT NULL
), numbers AS (
    SELECT tenant_id, account_number, year, n, min(opening_minor) AS opening, min(closing_minor) AS closing, min(id) AS id,
           bool_or(noted) AS noted, count(DISTINCT page) AS pages, count(DISTINCT (page, opening_minor, closing_minor)) AS said
      FROM sound WHERE n > 0 GROUP BY 1, 2, 3, 4
), chain AS (
    SELECT *, lag(n) OVER w AS before, lag(closing) OVER w AS closed, lag(said) OVER w AS said_before
      FROM numbers WINDOW w AS (PARTITION BY tenant_id, account_number, year ORDER BY n)
)
SELECT id, format('statement %s of %s is there with different balances, and nothing says so', n, year) AS what
  FROM chain WHERE said > pages AND NOT noted
UNION ALL
SELECT c.id, format('statement %s of %s begins with %s, and the one before it ended with %s', c.n, c.year, c.opening, c.closed)
  FROM chain c
 WHERE c.before = c.n - 1 AND c.opening <> c.closed AND c.said = 1 AND c.said_before = 1
   AND NOT EXISTS (SELECT FROM flagged f
                    WHERE f.tenant_id = c.tenant_id AND f.problem = 'STATEMENT_CHAIN_BROKEN'
                      AND f.line_key = encode(sha256(convert_to(
                              c.account_number || E'\nchain before ' || c.year || '/' || c.n, 'UTF8')), 'hex'))
UNION ALL
SELECT c.id, format('the statement before %s of %s is missing, and nothing says so', c.n, c.year)
  FROM chain c
 WHERE c.before < c.n - 1
   AND NOT EXISTS (SELECT FROM statements s
                    WHERE s.tenant_id = c.tenant_id AND s.account_number = c.account_number AND s.state = 'PROCESSED'
                      AND date_part('year', s.statement_date) = c.year AND s.statement_number = (c.n - 1)::text)
   AND NOT EXISTS (SELECT FROM flagged f
                    WHERE f.tenant_id = c.tenant_id AND f.problem = 'STATEMENT_GAP'
                      AND f.line_key = encode(sha256(convert_to(
                              c.account_number || E'\ngap before ' || c.year || '/' || c.n, 'UTF8')), 'hex'))
UNION ALL
SELECT s.statement_id::text, 'it contradicts itself, and nothing says so'
  FROM statements s
 WHERE s.state = 'PROBLEM'
   AND NOT EXISTS (SELECT FROM flagged f WHERE f.tenant_id = s.tenant_id AND f.statement_id = s.statement_id)
