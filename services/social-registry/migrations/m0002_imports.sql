-- Bulk imports: the file in chunks until each is worked on, and what became of each row.

CREATE TABLE imports (
    tenant_id   text        NOT NULL DEFAULT 'default',
    import_id   uuid        NOT NULL,
    kind        text        NOT NULL,
    state       text        NOT NULL CHECK (state IN ('uploading', 'queued', 'running', 'done', 'failed')),
    dry_run     boolean     NOT NULL,
    actor       text        NOT NULL,
    columns     jsonb,                           -- how header and mapping were resolved
    header      jsonb,                           -- names of the file's columns, for the rejects file
    file_bytes  bigint      NOT NULL DEFAULT 0,
    total       bigint      NOT NULL DEFAULT 0,  -- rows
    chunks      integer     NOT NULL DEFAULT 0,
    next_chunk  integer     NOT NULL DEFAULT 0,  -- where a worker goes on
    created     bigint      NOT NULL DEFAULT 0,
    updated     bigint      NOT NULL DEFAULT 0,
    unchanged   bigint      NOT NULL DEFAULT 0,
    rejected    bigint      NOT NULL DEFAULT 0,
    error       text,
    created_at  timestamptz NOT NULL,
    started_at  timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, import_id)
);
CREATE INDEX imports_unfinished ON imports (created_at) WHERE state = 'uploading';

-- Rows that wait: a JSON list of lists of texts. Deleted in the transaction that works on them.
CREATE TABLE import_chunks (
    tenant_id text    NOT NULL DEFAULT 'default',
    import_id uuid    NOT NULL,
    chunk_no  integer NOT NULL,
    first_row bigint  NOT NULL,                  -- number of the first row in the file; the header is row 1
    rows      bytea   NOT NULL,
    PRIMARY KEY (tenant_id, import_id, chunk_no)
);

CREATE TABLE import_rows (
    tenant_id   text   NOT NULL DEFAULT 'default',
    import_id   uuid   NOT NULL,
    row_no      bigint NOT NULL,
    outcome     text   NOT NULL CHECK (outcome IN ('created', 'updated', 'unchanged', 'rejected')),
    key_hash    uuid,                            -- of the row's natural key: the same key twice in a file is refused
    column_name text,
    code        text,
    reason      text,
    record      jsonb,                           -- the row as it came, for the rejects file; rejected rows only
    PRIMARY KEY (tenant_id, import_id, row_no)
);
CREATE INDEX import_rows_outcome ON import_rows (tenant_id, import_id, outcome, row_no);
CREATE INDEX import_rows_key ON import_rows (tenant_id, import_id, key_hash) WHERE key_hash IS NOT NULL;
