-- $1 tenant, $2 records, $3 the record that stands for each from now on, $4 actor, $5 the reason of each, $6 time
WITH n AS (
    SELECT u.record, u.master, u.reason
      FROM UNNEST($2::uuid[], $3::uuid[], $5::text[]) AS u(record, master, reason)
), affected AS (
    -- The records themselves, and those that pointed at them: a chain always has length one.
    SELECT r.registrant_id, n.master, n.reason, to_jsonb(r) - 'tenant_id' AS before
      FROM n JOIN registrants AS r ON r.tenant_id = $1 AND r.registrant_id = n.record
    UNION ALL
    SELECT r.registrant_id, n.master, n.reason, to_jsonb(r) - 'tenant_id'
      FROM n JOIN registrants AS r ON r.tenant_id = $1 AND r.duplicate_of = n.record
), written AS (
    UPDATE registrants AS r
       SET status = 'duplicate', duplicate_of = a.master, version = r.version + 1, updated_at = $6
      FROM affected AS a WHERE r.tenant_id = $1 AND r.registrant_id = a.registrant_id
    RETURNING r.*
), noted AS (
    INSERT INTO history (tenant_id, at, actor, reason, entity, action, registrant_id, before, after)
    SELECT $1, $6, $4, a.reason, 'registrant', 'updated', w.registrant_id,
           jsonb_strip_nulls(a.before), jsonb_strip_nulls(to_jsonb(w) - 'tenant_id')
      FROM written AS w JOIN affected AS a ON a.registrant_id = w.registrant_id
)
SELECT registrant_id FROM written
