-- Files of any length: their bytes in pieces, so that nobody has to hold one whole.
CREATE TABLE statement_chunks (
    tenant_id text    NOT NULL DEFAULT 'default',
    file_id   uuid    NOT NULL,
    no        integer NOT NULL,
    content   bytea   NOT NULL,
    PRIMARY KEY (tenant_id, file_id, no)
);
-- Written once and read a few times: not worth compressing.
ALTER TABLE statement_chunks ALTER COLUMN content SET STORAGE EXTERNAL;
-- Files that are being received. What a process that ended left behind is found here and removed.
CREATE TABLE statement_uploads (
    tenant_id  text        NOT NULL DEFAULT 'default',
    file_id    uuid        NOT NULL,
    started_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, file_id)
);
-- Files of earlier versions hold their bytes themselves.
ALTER TABLE statement_files ALTER COLUMN content DROP NOT NULL;
ALTER TABLE statement_files ADD COLUMN bytes bigint;
