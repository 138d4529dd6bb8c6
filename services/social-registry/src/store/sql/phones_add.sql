-- $1 tenant, $2 rows, $3 actor, $4 reason, $5 time
WITH written AS (
    INSERT INTO phones AS p (tenant_id, registrant_id, e164, date_collected, created_at)
    SELECT $1, n.registrant_id, n.e164, ($5::timestamptz AT TIME ZONE 'UTC')::date, $5
      FROM jsonb_to_recordset($2::jsonb) AS n(registrant_id uuid, e164 text)
     ORDER BY n.registrant_id, n.e164
    ON CONFLICT DO NOTHING
    RETURNING p.*
)
INSERT INTO history (tenant_id, at, actor, reason, entity, action, registrant_id, after)
SELECT $1, $5, $3, $4, 'phone', 'created', w.registrant_id, jsonb_strip_nulls(to_jsonb(w) - 'tenant_id')
  FROM written AS w
