-- The lines of a statement are all taken in: what they came to.
UPDATE statements AS s
   SET state = 'PROCESSED', new_lines = c.new_lines, problem_lines = c.problem_lines, content_sha256 = $3
  FROM (SELECT count(*) AS new_lines, count(*) FILTER (WHERE outcome = 'PROBLEM') AS problem_lines
          FROM statement_lines WHERE tenant_id = $1 AND statement_id = $2) AS c
 WHERE s.tenant_id = $1 AND s.statement_id = $2 AND s.state = 'PROCESSING'
