-- An id that was never mapped can be frozen, so that nobody links it; only a frozen one can be unfrozen.
WITH entry AS (
    SELECT mapping_digest($1::text, $2::text, $3::text, mapping_time($4::timestamptz), $5::text, $6::text, NULL, '',
                          $7::text, NULL, NULL) AS digest
), head AS (
    INSERT INTO mapping_ids AS m (tenant_id, id_value, entries, head, frozen)
    SELECT $1, $2, 1, digest, $3 = 'frozen' FROM entry
     WHERE $3 = 'frozen' OR EXISTS (SELECT FROM mapping_ids WHERE tenant_id = $1 AND id_value = $2)
    ON CONFLICT (tenant_id, id_value) DO UPDATE
       SET entries = m.entries + 1, head = sha256(m.head || excluded.head), frozen = excluded.frozen
     WHERE m.frozen <> excluded.frozen
    RETURNING entries, head
)
INSERT INTO mapping_history (tenant_id, id_value, no, change, at, channel, actor, message_id, reason, hash)
SELECT $1, $2, entries, $3, $4, $5, $6, '', $7, head FROM head
