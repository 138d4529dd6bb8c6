-- In id order, so that two batches with common ids wait for each other instead of deadlocking.
WITH input AS (
    SELECT * FROM UNNEST($5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
        AS t (id_value, fa_value, name, phone, info)
), linked AS (
    INSERT INTO id_fa_mappings (tenant_id, id_value, fa_value, name, phone, additional_info, created_at)
    SELECT $1, id_value, fa_value, name, phone, info::jsonb, $4 FROM input ORDER BY id_value
    ON CONFLICT (tenant_id, id_value) DO NOTHING
    RETURNING id_value, fa_value, name, phone, additional_info
), noted AS (
    INSERT INTO mapping_history (tenant_id, id_value, change, at, actor, message_id, after)
    SELECT $1, id_value, 'linked', $4, $2, $3,
           jsonb_build_object('fa', fa_value, 'name', name, 'phone', phone, 'info', additional_info)
    FROM linked
)
SELECT id_value FROM linked
