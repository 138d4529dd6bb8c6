-- People who are signed in. The cookie holds the id, the table its hash only.
CREATE TABLE sessions (
    tenant_id    text        NOT NULL DEFAULT 'default',
    id_hash      text        NOT NULL,                      -- SHA-256 of the cookie's value, hex
    subject      text        NOT NULL,                      -- the person's pseudonym, which is the mapper's id
    method       text        NOT NULL CHECK (method IN ('demo', 'oidc')),
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    draft        bytea,                                     -- an account that waits to be confirmed, sealed
    PRIMARY KEY (tenant_id, id_hash)
);
CREATE INDEX sessions_last_seen_at ON sessions (last_seen_at);

-- Each change of an account that a person confirmed, written before the mapper is called.
CREATE TABLE account_changes (
    tenant_id    text        NOT NULL DEFAULT 'default',
    reference    text        NOT NULL,                      -- what the receipt shows
    subject      text        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('bank', 'wallet')),
    provider     text        NOT NULL,                      -- name of the bank or wallet
    ending       text        NOT NULL,                      -- the last three characters, as pages show them
    state        text        NOT NULL CHECK (state IN ('requested', 'done', 'refused', 'unknown')),
    operation    text        CHECK (operation IN ('link', 'update')),
    reason       text,                                      -- the mapper's code when it refused
    requested_at timestamptz NOT NULL,
    finished_at  timestamptz,
    PRIMARY KEY (tenant_id, reference)
);
CREATE INDEX account_changes_subject ON account_changes (tenant_id, subject, requested_at);
