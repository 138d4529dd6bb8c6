-- $1 tenant, $2 rows, $3 actor, $4 reason, $5 time
WITH n AS (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS n(registrant_id uuid, name text, score numeric, version integer)
), old AS (
    SELECT s.* FROM scores AS s
      JOIN n ON s.tenant_id = $1 AND s.registrant_id = n.registrant_id AND s.name = n.name
), written AS (
    INSERT INTO scores AS s (tenant_id, registrant_id, name, score, version, computed_at)
    SELECT $1, n.registrant_id, n.name, n.score, n.version, $5 FROM n ORDER BY n.registrant_id, n.name
    ON CONFLICT (tenant_id, registrant_id, name) DO UPDATE
       SET score = EXCLUDED.score, version = EXCLUDED.version, computed_at = EXCLUDED.computed_at
     WHERE s.version <= EXCLUDED.version
       AND (s.version, s.score) IS DISTINCT FROM (EXCLUDED.version, EXCLUDED.score)
    RETURNING s.*
)
INSERT INTO history (tenant_id, at, actor, reason, entity, action, registrant_id, before, after)
SELECT $1, $5, $3, $4, 'score', CASE WHEN old.name IS NULL THEN 'created' ELSE 'updated' END, w.registrant_id,
       CASE WHEN old.name IS NOT NULL THEN to_jsonb(old) - 'tenant_id' END, to_jsonb(w) - 'tenant_id'
  FROM written AS w LEFT JOIN old ON old.registrant_id = w.registrant_id AND old.name = w.name
 WHERE old.score IS DISTINCT FROM w.score
