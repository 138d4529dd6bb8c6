-- $1 tenant, $2 rows, $3 actor, $4 reason, $5 time
WITH n AS (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS n(
        membership_id uuid, group_id uuid, individual_id uuid, kinds text[], unique_kind text,
        relationship_to_head text, start_date date, set_by text)
), old AS (
    SELECT m.* FROM memberships AS m JOIN n ON m.tenant_id = $1 AND m.membership_id = n.membership_id
), written AS (
    INSERT INTO memberships AS m (
        tenant_id, membership_id, group_id, individual_id, kinds, unique_kind, relationship_to_head, start_date,
        set_by, created_at, updated_at)
    SELECT $1, n.membership_id, n.group_id, n.individual_id, n.kinds, n.unique_kind, n.relationship_to_head,
           COALESCE(n.start_date, ($5::timestamptz AT TIME ZONE 'UTC')::date), n.set_by, $5, $5
      FROM n ORDER BY n.group_id, n.individual_id
    ON CONFLICT (tenant_id, membership_id) DO UPDATE
       SET kinds = EXCLUDED.kinds, unique_kind = EXCLUDED.unique_kind,
           relationship_to_head = EXCLUDED.relationship_to_head, start_date = EXCLUDED.start_date,
           set_by = EXCLUDED.set_by, updated_at = EXCLUDED.updated_at
    RETURNING m.*
)
INSERT INTO history (tenant_id, at, actor, reason, entity, action, registrant_id, before, after)
SELECT $1, $5, $3, $4, 'membership', CASE WHEN old.membership_id IS NULL THEN 'created' ELSE 'updated' END,
       w.individual_id,
       CASE WHEN old.membership_id IS NOT NULL THEN jsonb_strip_nulls(to_jsonb(old) - 'tenant_id') END,
       jsonb_strip_nulls(to_jsonb(w) - 'tenant_id')
  FROM written AS w LEFT JOIN old ON old.membership_id = w.membership_id
