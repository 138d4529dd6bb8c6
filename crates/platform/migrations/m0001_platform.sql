-- What every service's schema holds besides its own tables.

-- Systems that may call this service, with the keys that prove it is them.
CREATE TABLE partners (
    tenant_id   text        NOT NULL DEFAULT 'default',
    partner_id  text        NOT NULL,                       -- upper case, '_' for '-'
    mode        text        NOT NULL CHECK (mode IN ('strict', 'compat')),
    jwks        jsonb       NOT NULL DEFAULT '{"keys": []}', -- public keys only
    policy      jsonb       NOT NULL DEFAULT '{}',
    active      boolean     NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, partner_id)
);

-- Messages of strict partners: the same bytes again get the stored answer, other bytes are refused.
CREATE TABLE seen_messages (
    tenant_id   text        NOT NULL DEFAULT 'default',
    sender_id   text        NOT NULL,
    message_id  text        NOT NULL,
    operation   text        NOT NULL,
    body_sha256 text        NOT NULL,
    response    jsonb,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, sender_id, message_id)
);
CREATE INDEX seen_messages_received_at ON seen_messages (received_at);

-- Idempotency-Key of our own write APIs.
CREATE TABLE idempotency_keys (
    tenant_id   text        NOT NULL DEFAULT 'default',
    actor       text        NOT NULL,
    key         text        NOT NULL,
    body_sha256 text        NOT NULL,
    response    jsonb,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, actor, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- Who did or looked at what. Details hold ids and states, never personal data.
CREATE TABLE audit_log (
    tenant_id   text        NOT NULL DEFAULT 'default',
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL DEFAULT now(),
    actor       text        NOT NULL,
    action      text        NOT NULL,
    subject     text        NOT NULL,
    detail      jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_log_subject ON audit_log (tenant_id, subject, id);
