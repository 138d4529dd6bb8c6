-- Files of many changes: taken in as they come, worked on by a job, reported row by row.
CREATE TABLE bulk_jobs (
    tenant_id       text        NOT NULL DEFAULT 'default',
    job_id          uuid        NOT NULL,
    partner_id      text        NOT NULL,
    operation       text        NOT NULL CHECK (operation IN ('link', 'update', 'unlink')),
    format          text        NOT NULL CHECK (format IN ('csv', 'ndjson', 'json')),
    state           text        NOT NULL CHECK (state IN ('uploading', 'queued', 'running', 'done', 'failed')),
    begun_at        timestamptz NOT NULL DEFAULT now(),   -- by this server's clock, to find uploads that broke off
    created_at      timestamptz NOT NULL,
    started_at      timestamptz,
    finished_at     timestamptz,
    -- Known when the upload is complete.
    idempotency_key text,
    digest          bytea,                                -- SHA-256 of the body as it was received
    file_bytes      bigint      NOT NULL DEFAULT 0,       -- without the content coding
    columns         text[]      NOT NULL DEFAULT '{}',    -- of a CSV file
    parts           integer     NOT NULL DEFAULT 0,
    rows            bigint      NOT NULL DEFAULT 0,
    refused_rows    bigint      NOT NULL DEFAULT 0,       -- so long that they were not kept
    error           text,
    PRIMARY KEY (tenant_id, job_id)
);
CREATE UNIQUE INDEX bulk_jobs_once ON bulk_jobs (tenant_id, partner_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX bulk_jobs_open ON bulk_jobs (tenant_id, partner_id) WHERE state IN ('uploading', 'queued', 'running');
CREATE INDEX bulk_jobs_age ON bulk_jobs (created_at);

-- Whole rows of the file, compressed; removed once they were worked on.
CREATE TABLE bulk_parts (
    tenant_id  text        NOT NULL DEFAULT 'default',
    job_id     uuid        NOT NULL,
    part_no    integer     NOT NULL,                      -- 0, 1, 2 …
    first_row  bigint      NOT NULL,                      -- 1, 2, 3 … of the file; the header of a CSV file is none
    first_line bigint      NOT NULL,                      -- 1, 2, 3 … of the file
    content    bytea       NOT NULL,
    stored_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, job_id, part_no)
);
ALTER TABLE bulk_parts ALTER COLUMN content SET STORAGE EXTERNAL;

-- Each lane works on the ids that fall to it, part after part, side by side with the others. Its progress is written in the
-- transaction that makes the changes.
CREATE TABLE bulk_lanes (
    tenant_id text    NOT NULL DEFAULT 'default',
    job_id    uuid    NOT NULL,
    lane      integer NOT NULL,
    next_part integer NOT NULL DEFAULT 0,
    changed   bigint  NOT NULL DEFAULT 0,
    rejected  bigint  NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, job_id, lane)
) WITH (fillfactor = 50);

-- Rows that were refused, and why. No address, name or phone.
CREATE TABLE bulk_rejects (
    tenant_id    text   NOT NULL DEFAULT 'default',
    job_id       uuid   NOT NULL,
    row_no       bigint NOT NULL,
    line_no      bigint NOT NULL,
    id_value     text,
    reference_id text,
    column_name  text,
    code         text   NOT NULL,
    reason       text   NOT NULL,
    PRIMARY KEY (tenant_id, job_id, row_no)
);
