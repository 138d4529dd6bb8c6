-- The sub-selects are explained in update.sql.
WITH input AS (
    SELECT * FROM UNNEST((SELECT $3::text[]), (SELECT $4::text[]), (SELECT $5::text[])) AS t (id_value, fa_value, fa_index)
), who AS MATERIALIZED (
    SELECT set_config('spar_mapper.change', $2, true)
), frozen AS (
    SELECT id_value FROM frozen_ids f JOIN input USING (id_value) WHERE f.tenant_id = $1
), found AS (
    SELECT m.id_value
      FROM who, id_fa_mappings m JOIN input i USING (id_value)
     WHERE m.tenant_id = $1 AND (i.fa_value IS NULL OR i.fa_value = m.fa_value
                              OR (i.fa_index = m.fa_index AND left(m.fa_value, 4) = 'enc:'))
       AND NOT EXISTS (SELECT FROM frozen WHERE frozen.id_value = m.id_value)
     ORDER BY m.id_value
       FOR UPDATE OF m
), removed AS (
    DELETE FROM id_fa_mappings m USING found f
     WHERE m.tenant_id = $1 AND m.id_value = f.id_value
    RETURNING m.id_value
)
SELECT (SELECT array_agg(id_value) FROM removed) AS changed, (SELECT array_agg(id_value) FROM frozen) AS frozen
