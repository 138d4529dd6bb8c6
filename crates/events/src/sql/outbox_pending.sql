-- What is due, in order; not what is behind an earlier event of the same tenant and key that waits after a failure.
SELECT o.tenant_id, o.id, o.topic, o.key, o.payload::text AS payload, o.traceparent, o.created_at, o.attempts,
       pg_backend_pid() AS pid
  FROM outbox AS o
 WHERE o.published_at IS NULL AND o.available_at <= now()
   AND NOT EXISTS (SELECT 1 FROM outbox AS e
                    WHERE e.tenant_id = o.tenant_id AND e.key = o.key AND e.seq < o.seq
                      AND e.published_at IS NULL AND e.attempts > 0 AND e.available_at > now())
 ORDER BY o.seq
 LIMIT $1
