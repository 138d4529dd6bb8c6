-- Staff of the helpdesk who are signed in. The cookie holds the id, the table its hash only.
CREATE TABLE staff_sessions (
    tenant_id    text        NOT NULL DEFAULT 'default',
    id_hash      text        NOT NULL,                      -- SHA-256 of the cookie's value, hex
    staff        text        NOT NULL,                      -- provider and id there, as they stand in the mapper's history
    permissions  text[]      NOT NULL,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    found        bytea,                                     -- the id of the person whose account is looked at, sealed
    PRIMARY KEY (tenant_id, id_hash)
);
CREATE INDEX staff_sessions_last_seen_at ON staff_sessions (last_seen_at);
