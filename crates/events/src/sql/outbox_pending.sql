-- What is due, in order; not what is behind an earlier event of the same tenant and key that waits after a failure. As many
-- as asked for, and no more than $2 bytes as they are stored (but always one): events of a thousand ids each are large.
SELECT tenant_id, id, topic, key, payload::text AS payload, traceparent, created_at, attempts, pg_backend_pid() AS pid
  FROM (SELECT *, sum(pg_column_size(payload)) OVER (ORDER BY seq) - pg_column_size(payload) AS ahead
          FROM (SELECT * FROM outbox AS o
                 WHERE o.published_at IS NULL AND o.available_at <= now()
                   AND NOT EXISTS (SELECT 1 FROM outbox AS e
                                    WHERE e.tenant_id = o.tenant_id AND e.key = o.key AND e.seq < o.seq
                                      AND e.published_at IS NULL AND e.attempts > 0 AND e.available_at > now())
                 ORDER BY o.seq
                 LIMIT $1) AS due) AS summed
 WHERE ahead < $2
 ORDER BY seq
