-- $1 tenant, $2 rows, $3 actor, $4 reason, $5 time
WITH n AS (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS n(
        registrant_id uuid, id_type text, value text, value_hash text, expiry_date date)
), old AS (
    SELECT i.* FROM identifiers AS i
      JOIN n ON i.tenant_id = $1 AND i.registrant_id = n.registrant_id AND i.id_type = n.id_type
), written AS (
    INSERT INTO identifiers AS i (
        tenant_id, registrant_id, id_type, value, value_hash, expiry_date, created_at, updated_at)
    SELECT $1, n.registrant_id, n.id_type, n.value, n.value_hash, n.expiry_date, $5, $5
      FROM n ORDER BY n.registrant_id, n.id_type
    ON CONFLICT (tenant_id, registrant_id, id_type) DO UPDATE
       SET value = EXCLUDED.value, value_hash = EXCLUDED.value_hash, expiry_date = EXCLUDED.expiry_date,
           updated_at = EXCLUDED.updated_at
    RETURNING i.*
)
INSERT INTO history (tenant_id, at, actor, reason, entity, action, registrant_id, before, after)
SELECT $1, $5, $3, $4, 'identifier', CASE WHEN old.id_type IS NULL THEN 'created' ELSE 'updated' END,
       w.registrant_id,
       CASE WHEN old.id_type IS NOT NULL THEN jsonb_strip_nulls(to_jsonb(old) - 'tenant_id') END,
       jsonb_strip_nulls(to_jsonb(w) - 'tenant_id')
  FROM written AS w LEFT JOIN old ON old.registrant_id = w.registrant_id AND old.id_type = w.id_type
