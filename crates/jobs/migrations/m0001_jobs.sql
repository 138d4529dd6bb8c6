CREATE TABLE jobs (
    tenant_id    text        NOT NULL DEFAULT 'default',
    id           uuid        NOT NULL,
    kind         text        NOT NULL,
    dedup_key    text,
    payload      jsonb       NOT NULL,
    traceparent  text,
    state        text        NOT NULL DEFAULT 'pending'
                 CHECK (state IN ('pending', 'running', 'done', 'dead')),
    run_at       timestamptz NOT NULL DEFAULT now(),
    attempts     integer     NOT NULL DEFAULT 0,
    max_attempts integer     NOT NULL DEFAULT 20 CHECK (max_attempts > 0),
    -- Counts the claims. A worker whose number is not the row's any more has lost the job.
    fence        bigint      NOT NULL DEFAULT 0,
    lease_until  timestamptz,
    worker       text,
    -- The key was enqueued again while the job ran: it runs once more, so that no wake-up is lost.
    rerun        boolean     NOT NULL DEFAULT false,
    done         bigint      NOT NULL DEFAULT 0,
    total        bigint,
    last_error   text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    PRIMARY KEY (tenant_id, id)
);

-- A key is unique among live jobs only: when the job is finished, the key may be used again.
CREATE UNIQUE INDEX jobs_live_key ON jobs (tenant_id, kind, dedup_key) WHERE state IN ('pending', 'running');
CREATE INDEX jobs_due ON jobs (kind, run_at) WHERE state = 'pending';
CREATE INDEX jobs_leases ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE state = 'done';
CREATE INDEX jobs_dead ON jobs (kind, id) WHERE state = 'dead';
-- A job's id is known to its creator without the tenant.
CREATE UNIQUE INDEX jobs_by_id ON jobs (id);
-- Every run changes a row several times.
ALTER TABLE jobs SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
