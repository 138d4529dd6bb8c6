-- Free rows in order, except those behind an earlier one of the same tenant and key that somebody holds.
WITH free AS (
    SELECT d.tenant_id, d.consumer, d.message_id
      FROM delivery AS d
     WHERE d.consumer = $1 AND d.visible_at <= now()
       AND NOT EXISTS (SELECT 1 FROM delivery AS e
                        WHERE e.consumer = d.consumer AND e.tenant_id = d.tenant_id AND e.key = d.key
                          AND e.seq < d.seq AND e.claims > 0 AND e.visible_at > now())
     ORDER BY d.seq
     LIMIT $2
       FOR UPDATE OF d SKIP LOCKED
)
UPDATE delivery AS d
   SET visible_at = now() + $3 * interval '1 millisecond', claims = d.claims + 1
  FROM free
 WHERE d.tenant_id = free.tenant_id AND d.consumer = free.consumer AND d.message_id = free.message_id
RETURNING d.tenant_id, d.message_id, d.body, d.claims, d.seq
