-- The sub-selects keep the server from counting the ids when it plans: it joins by the index then, also in a register of
-- many partitions, of which it reads only the one an id falls into. (It does not know beforehand that it will, and would
-- rather read them all from end to end.)
WITH input AS (
    SELECT * FROM UNNEST((SELECT $4::text[]), (SELECT $5::text[]), (SELECT $6::text[]), (SELECT $7::text[]),
                         (SELECT $8::text[]), (SELECT $9::text[]))
        AS t (id_value, fa_value, name, phone, info, fa_index)
), who AS MATERIALIZED (
    SELECT set_config('spar_mapper.change', $2, true)
), frozen AS (
    SELECT id_value FROM frozen_ids f JOIN input USING (id_value) WHERE f.tenant_id = $1
), found AS (
    SELECT i.*
      FROM who, id_fa_mappings m JOIN input i USING (id_value)
     WHERE m.tenant_id = $1 AND NOT EXISTS (SELECT FROM frozen WHERE frozen.id_value = m.id_value)
     ORDER BY m.id_value
       FOR UPDATE OF m
), updated AS (
    UPDATE id_fa_mappings m
       SET fa_value = f.fa_value,
           fa_index = f.fa_index,
           name = COALESCE(f.name, m.name),
           phone = COALESCE(f.phone, m.phone),
           additional_info = COALESCE(f.info::jsonb, m.additional_info),
           active = true,
           updated_at = $3
      FROM found f
     WHERE m.tenant_id = $1 AND m.id_value = f.id_value
    RETURNING m.id_value
)
SELECT (SELECT array_agg(id_value) FROM updated) AS changed, (SELECT array_agg(id_value) FROM frozen) AS frozen
