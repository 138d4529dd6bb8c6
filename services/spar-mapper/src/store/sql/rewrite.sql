WITH who AS MATERIALIZED (
    SELECT set_config('spar_mapper.change', '{"channel": "sealing"}', true)
), input AS (
    SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
        AS t (tenant_id, id_value, fa_value, name, phone, fa_index)
)
UPDATE id_fa_mappings m
   SET fa_value = i.fa_value, name = i.name, phone = i.phone, fa_index = i.fa_index
  FROM who, input i
 WHERE m.tenant_id = i.tenant_id AND m.id_value = i.id_value
