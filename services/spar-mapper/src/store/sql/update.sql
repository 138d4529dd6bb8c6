WITH input AS (
    SELECT * FROM UNNEST($4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::text[])
        AS t (id_value, fa_value, name, phone, info, fa_index)
), who AS MATERIALIZED (
    SELECT set_config('spar_mapper.change', $2, true)
), frozen AS (
    SELECT id_value FROM mapping_ids m JOIN input USING (id_value) WHERE m.tenant_id = $1 AND m.frozen
), found AS (
    SELECT m.id_value
      FROM who, id_fa_mappings m JOIN input i USING (id_value)
     WHERE m.tenant_id = $1 AND NOT EXISTS (SELECT FROM frozen WHERE frozen.id_value = m.id_value)
     ORDER BY m.id_value
       FOR UPDATE OF m
), updated AS (
    UPDATE id_fa_mappings m
       SET fa_value = i.fa_value,
           fa_index = i.fa_index,
           name = COALESCE(i.name, m.name),
           phone = COALESCE(i.phone, m.phone),
           additional_info = COALESCE(i.info::jsonb, m.additional_info),
           active = true,
           updated_at = $3
      FROM input i JOIN found f USING (id_value)
     WHERE m.tenant_id = $1 AND m.id_value = i.id_value
    RETURNING m.id_value
)
SELECT id_value, false AS frozen FROM updated UNION ALL SELECT id_value, true FROM frozen
