-- Asynchronous messages: what was asked, how far it is, what it was answered with. Removed after some days.
CREATE TABLE transactions (
    tenant_id           text        NOT NULL DEFAULT 'default',
    correlation_id      uuid        NOT NULL,
    partner_id          text        NOT NULL,
    operation           text        NOT NULL CHECK (operation IN ('link', 'update', 'unlink', 'resolve', 'txn-status')),
    dialect             text        NOT NULL CHECK (dialect IN ('connect', 'spar1')),
    transaction_id      text        NOT NULL,
    message_id          text        NOT NULL,
    reference_ids       text[]      NOT NULL,
    -- The message as it was received; gone once it was worked on.
    request             text,
    -- `message` of the answer, and the counts of its header.
    response            text,
    total_count         integer     NOT NULL,
    completed_count     integer,
    callback_url        text,
    -- The same for each attempt, so that the receiver can tell a repeated callback.
    callback_message_id uuid        NOT NULL,
    state               text        NOT NULL CHECK (state IN ('received', 'done', 'delivered', 'undeliverable')),
    created_at          timestamptz NOT NULL,
    finished_at         timestamptz,
    delivered_at        timestamptz,
    CHECK ((state = 'received') = (response IS NULL)),
    PRIMARY KEY (tenant_id, correlation_id)
);
CREATE INDEX transactions_sender ON transactions (tenant_id, partner_id, transaction_id, created_at);
CREATE INDEX transactions_references ON transactions USING gin (reference_ids);
CREATE INDEX transactions_age ON transactions (created_at);
