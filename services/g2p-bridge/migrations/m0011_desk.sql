-- When an envelope that was cancelled or given up was closed: its payments are closed, too, and its money is given back. Empty
-- until then, so that one whose closing does not come to its end is found.
ALTER TABLE envelopes ADD COLUMN closed_at timestamptz;
UPDATE envelopes SET closed_at = COALESCE(released_at, state_since)
 WHERE state IN ('CANCELLED', 'EXPIRED') AND (block_requested_at IS NULL OR released_at IS NOT NULL);
CREATE INDEX envelopes_unclosed ON envelopes (tenant_id, state_since)
    WHERE state IN ('CANCELLED', 'EXPIRED') AND closed_at IS NULL;

-- What waits to be worked off, for the sweep that looks for what waits too long.
CREATE INDEX statement_files_waiting ON statement_files (uploaded_at) WHERE state = 'RECEIVED';
CREATE INDEX disburse_messages_unsent ON disburse_messages (finished_at) WHERE state = 'done';

-- Staff who look at envelopes on pages, and those on their way back from where they sign in. Cookies hold the ids, the tables their
-- hashes only.
CREATE TABLE staff_sessions (
    tenant_id    text        NOT NULL DEFAULT 'default',
    id_hash      text        NOT NULL,                      -- SHA-256 of the cookie's value, hex
    staff        text        NOT NULL,                      -- provider and id there
    permissions  text[]      NOT NULL,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id_hash)
);
CREATE INDEX staff_sessions_last_seen_at ON staff_sessions (last_seen_at);
CREATE TABLE staff_sign_ins (
    tenant_id    text        NOT NULL DEFAULT 'default',
    state_hash   text        NOT NULL,
    browser_hash text        NOT NULL,
    provider     text        NOT NULL,
    pending      bytea       NOT NULL,                      -- sealed
    return_to    text        NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, state_hash)
);
CREATE INDEX staff_sign_ins_created_at ON staff_sign_ins (created_at);
