-- An id that was never mapped can be frozen, so that nobody links it; only a frozen one can be unfrozen.
WITH newest AS (
    SELECT no, hash FROM mapping_history WHERE tenant_id = $1 AND id_value = $2 ORDER BY no DESC LIMIT 1
), entry AS (
    SELECT mapping_digest($1::text, $2::text, $3::text, mapping_time($4::timestamptz), $5::text, $6::text, NULL, '',
                          $7::text, NULL, NULL) AS digest
), next AS (
    SELECT COALESCE(no, 0) + 1 AS no, CASE WHEN no IS NULL THEN digest ELSE sha256(hash || digest) END AS hash
      FROM entry LEFT JOIN newest ON true
     WHERE ($3 = 'frozen') <> EXISTS (SELECT FROM frozen_ids WHERE tenant_id = $1 AND id_value = $2)
), frozen AS (
    INSERT INTO frozen_ids (tenant_id, id_value, no, hash) SELECT $1, $2, no, hash FROM next WHERE $3 = 'frozen'
), unfrozen AS (
    DELETE FROM frozen_ids WHERE tenant_id = $1 AND id_value = $2 AND $3 = 'unfrozen'
)
INSERT INTO mapping_history (tenant_id, id_value, no, change, at, channel, actor, message_id, reason, hash)
SELECT $1, $2, no, $3, $4, $5, $6, '', $7, hash FROM next
