-- In id order, so that two batches with common ids wait for each other instead of deadlocking. The history is written by
-- the triggers of the table, with what `who` says.
WITH input AS (
    SELECT * FROM UNNEST($4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::text[])
        AS t (id_value, fa_value, name, phone, info, fa_index)
), who AS MATERIALIZED (
    SELECT set_config('spar_mapper.change', $2, true)
), frozen AS (
    SELECT id_value FROM frozen_ids f JOIN input USING (id_value) WHERE f.tenant_id = $1
), linked AS (
    INSERT INTO id_fa_mappings (tenant_id, id_value, fa_value, name, phone, additional_info, created_at, fa_index)
    SELECT $1, id_value, fa_value, name, phone, info::jsonb, $3, fa_index FROM who, input
     WHERE NOT EXISTS (SELECT FROM frozen WHERE frozen.id_value = input.id_value)
     ORDER BY id_value
    ON CONFLICT (tenant_id, id_value) DO NOTHING
    RETURNING id_value
)
SELECT (SELECT array_agg(id_value) FROM linked) AS changed, (SELECT array_agg(id_value) FROM frozen) AS frozen
