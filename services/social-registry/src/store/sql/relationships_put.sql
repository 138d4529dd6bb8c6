-- $1 tenant, $2 rows, $3 actor, $4 reason, $5 time
WITH n AS (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS n(
        relationship_id uuid, source_id uuid, destination_id uuid, relation text, start_date date, end_date date)
), old AS (
    SELECT r.* FROM relationships AS r JOIN n ON r.tenant_id = $1 AND r.relationship_id = n.relationship_id
), written AS (
    INSERT INTO relationships AS r (
        tenant_id, relationship_id, source_id, destination_id, relation, start_date, end_date, created_at, updated_at)
    SELECT $1, n.relationship_id, n.source_id, n.destination_id, n.relation, n.start_date, n.end_date, $5, $5
      FROM n ORDER BY n.source_id, n.destination_id, n.relation
    ON CONFLICT (tenant_id, relationship_id) DO UPDATE
       SET start_date = EXCLUDED.start_date, end_date = EXCLUDED.end_date, updated_at = EXCLUDED.updated_at
    RETURNING r.*
)
INSERT INTO history (tenant_id, at, actor, reason, entity, action, registrant_id, before, after)
SELECT $1, $5, $3, $4, 'relationship', CASE WHEN old.relationship_id IS NULL THEN 'created' ELSE 'updated' END,
       w.source_id,
       CASE WHEN old.relationship_id IS NOT NULL THEN jsonb_strip_nulls(to_jsonb(old) - 'tenant_id') END,
       jsonb_strip_nulls(to_jsonb(w) - 'tenant_id')
  FROM written AS w LEFT JOIN old ON old.relationship_id = w.relationship_id
