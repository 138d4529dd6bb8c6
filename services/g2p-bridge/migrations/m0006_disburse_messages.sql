-- Asynchronous messages of the disburse API: what was asked, how far it is, what it was answered with. Removed after some
-- days; the payments are not.
CREATE TABLE disburse_messages (
    tenant_id           text        NOT NULL DEFAULT 'default',
    correlation_id      uuid        NOT NULL,
    partner_id          text        NOT NULL,
    sender              text        NOT NULL,
    asked               text        NOT NULL CHECK (asked IN ('disburse', 'search', 'status')),
    action              text        NOT NULL,
    transaction_id      text        NOT NULL,
    reference_ids       text[]      NOT NULL,
    -- The message as it was received; gone once it was worked on.
    request             text,
    -- `message` of the answer, and the counts of its header.
    response            text,
    total_count         bigint      NOT NULL,
    completed_count     bigint,
    callback_url        text        NOT NULL,
    -- The same for each attempt, so that the receiver can tell a repeated callback.
    callback_message_id uuid        NOT NULL,
    state               text        NOT NULL CHECK (state IN ('received', 'done', 'delivered', 'undeliverable')),
    created_at          timestamptz NOT NULL,
    finished_at         timestamptz,
    delivered_at        timestamptz,
    CHECK ((state = 'received') = (response IS NULL)),
    PRIMARY KEY (tenant_id, correlation_id)
);
CREATE INDEX disburse_messages_sender ON disburse_messages (tenant_id, sender, transaction_id, created_at);
CREATE INDEX disburse_messages_waiting ON disburse_messages (tenant_id, sender) WHERE state = 'received';
CREATE INDEX disburse_messages_age ON disburse_messages (created_at);
