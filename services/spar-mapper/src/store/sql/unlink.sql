WITH input AS (
    SELECT * FROM UNNEST($5::text[], $6::text[]) AS t (id_value, fa_value)
), found AS (
    SELECT m.id_value
      FROM id_fa_mappings m JOIN input i USING (id_value)
     WHERE m.tenant_id = $1 AND (i.fa_value IS NULL OR i.fa_value = m.fa_value)
     ORDER BY m.id_value
       FOR UPDATE OF m
), removed AS (
    DELETE FROM id_fa_mappings m USING found f
     WHERE m.tenant_id = $1 AND m.id_value = f.id_value
    RETURNING m.id_value, m.fa_value, m.name, m.phone, m.additional_info
), noted AS (
    INSERT INTO mapping_history (tenant_id, id_value, change, at, actor, message_id, before)
    SELECT $1, id_value, 'unlinked', $4, $2, $3,
           jsonb_build_object('fa', fa_value, 'name', name, 'phone', phone, 'info', additional_info)
      FROM removed
)
SELECT id_value FROM removed
