-- $1 tenant, $2 ids, $3 left, $4 right, $5 probability, $6 weight, $7 run, $8 model, $9 time
INSERT INTO duplicate_pairs AS p (
    tenant_id, pair_id, left_id, right_id, probability, weight, run_id, model, found_at)
SELECT DISTINCT ON (u.left_id, u.right_id)
       $1, u.pair_id, u.left_id, u.right_id, u.probability, u.weight, $7, $8, $9
  FROM UNNEST($2::uuid[], $3::uuid[], $4::uuid[], $5::float8[], $6::float8[])
       AS u(pair_id, left_id, right_id, probability, weight)
  JOIN registrants AS l ON l.tenant_id = $1 AND l.registrant_id = u.left_id AND l.kind = 'individual'
  JOIN registrants AS r ON r.tenant_id = $1 AND r.registrant_id = u.right_id AND r.kind = 'individual'
 WHERE COALESCE(l.duplicate_of, l.registrant_id) <> COALESCE(r.duplicate_of, r.registrant_id)
 ORDER BY u.left_id, u.right_id, u.probability DESC
ON CONFLICT (tenant_id, left_id, right_id) DO UPDATE
   SET probability = EXCLUDED.probability, weight = EXCLUDED.weight, run_id = EXCLUDED.run_id,
       model = EXCLUDED.model
 WHERE p.state IN ('open', 'unsure')
