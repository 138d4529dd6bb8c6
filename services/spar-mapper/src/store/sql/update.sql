WITH input AS (
    SELECT * FROM UNNEST($5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
        AS t (id_value, fa_value, name, phone, info)
), found AS (
    SELECT m.id_value, m.fa_value, m.name, m.phone, m.additional_info
      FROM id_fa_mappings m JOIN input i USING (id_value)
     WHERE m.tenant_id = $1
     ORDER BY m.id_value
       FOR UPDATE OF m
), updated AS (
    UPDATE id_fa_mappings m
       SET fa_value = i.fa_value,
           name = COALESCE(i.name, m.name),
           phone = COALESCE(i.phone, m.phone),
           additional_info = COALESCE(i.info::jsonb, m.additional_info),
           active = true,
           updated_at = $4
      FROM input i JOIN found f USING (id_value)
     WHERE m.tenant_id = $1 AND m.id_value = i.id_value
    RETURNING m.id_value, m.fa_value, m.name, m.phone, m.additional_info
), noted AS (
    INSERT INTO mapping_history (tenant_id, id_value, change, at, actor, message_id, before, after)
    SELECT $1, u.id_value, 'updated', $4, $2, $3,
           jsonb_build_object('fa', f.fa_value, 'name', f.name, 'phone', f.phone, 'info', f.additional_info),
           jsonb_build_object('fa', u.fa_value, 'name', u.name, 'phone', u.phone, 'info', u.additional_info)
      FROM updated u JOIN found f USING (id_value)
)
SELECT id_value FROM updated
