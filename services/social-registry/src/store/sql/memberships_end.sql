-- $1 tenant, $2 memberships, $3 actor, $4 reason, $5 time
WITH old AS (
    SELECT m.* FROM memberships AS m
     WHERE m.tenant_id = $1 AND m.membership_id = ANY($2) AND m.ended_at IS NULL
), written AS (
    UPDATE memberships AS m SET ended_at = $5, ended_reason = $4, set_by = 'merge', updated_at = $5
      FROM old WHERE m.tenant_id = $1 AND m.membership_id = old.membership_id
    RETURNING m.*
)
INSERT INTO history (tenant_id, at, actor, reason, entity, action, registrant_id, before, after)
SELECT $1, $5, $3, $4, 'membership', 'ended', w.individual_id,
       jsonb_strip_nulls(to_jsonb(old) - 'tenant_id'), jsonb_strip_nulls(to_jsonb(w) - 'tenant_id')
  FROM written AS w JOIN old ON old.membership_id = w.membership_id
