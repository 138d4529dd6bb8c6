-- The sub-selects are explained in update.sql.
WITH who AS MATERIALIZED (
    SELECT set_config('spar_mapper.change', '{"channel": "sealing"}', true)
), input AS (
    SELECT * FROM UNNEST((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::text[]), (SELECT $4::text[]),
                         (SELECT $5::text[]), (SELECT $6::text[]))
        AS t (tenant_id, id_value, fa_value, name, phone, fa_index)
)
UPDATE id_fa_mappings m
   SET fa_value = i.fa_value, name = i.name, phone = i.phone, fa_index = i.fa_index
  FROM who, input i
 WHERE m.tenant_id = i.tenant_id AND m.id_value = i.id_value
