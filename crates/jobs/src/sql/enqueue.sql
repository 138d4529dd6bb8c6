-- A live job with the same key stays as it is, except that it runs again when it is running now, and that an
-- earlier time wins over a later one unless the job is waiting after a failure.
WITH written AS (
    INSERT INTO jobs (tenant_id, id, kind, dedup_key, payload, run_at, max_attempts, traceparent)
    SELECT n.tenant_id, n.id, n.kind, n.dedup_key, n.payload::jsonb,
           COALESCE(n.run_at, now()) + n.delay_ms * interval '1 millisecond', n.max_attempts, $9
      FROM UNNEST($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::bigint[], $8::int[])
           WITH ORDINALITY AS n(tenant_id, id, kind, dedup_key, payload, run_at, delay_ms, max_attempts, position)
     -- One order of locks for all callers, so that two batches with common keys cannot wait for each other.
     ORDER BY n.tenant_id, n.kind, n.dedup_key, n.position
    ON CONFLICT (tenant_id, kind, dedup_key) WHERE state IN ('pending', 'running') DO UPDATE
       SET rerun = jobs.rerun OR jobs.state = 'running',
           run_at = CASE WHEN jobs.state = 'pending' AND jobs.attempts = 0
                         THEN LEAST(jobs.run_at, EXCLUDED.run_at) ELSE jobs.run_at END
    RETURNING tenant_id, id, kind, dedup_key
), woken AS MATERIALIZED (
    SELECT pg_notify('openg2p_jobs_' || current_schema(), '') FROM (SELECT FROM written LIMIT 1) AS any_row
)
SELECT w.tenant_id, w.id, w.kind, w.dedup_key FROM written AS w, (SELECT count(*) FROM woken) AS forced
