-- Events of this service that are to be published. Written in the transaction of the change they tell of.
CREATE TABLE outbox (
    tenant_id    text        NOT NULL DEFAULT 'default',
    id           uuid        NOT NULL,
    -- Order of publishing. Given before commit, so gaps and late arrivals are normal: never a cursor.
    seq          bigint      GENERATED ALWAYS AS IDENTITY,
    topic        text        NOT NULL,
    key          text        NOT NULL,
    payload      jsonb       NOT NULL,
    traceparent  text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    available_at timestamptz NOT NULL DEFAULT now(),
    attempts     integer     NOT NULL DEFAULT 0,
    last_error   text,
    published_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX outbox_pending ON outbox (seq) WHERE published_at IS NULL;
CREATE INDEX outbox_failed ON outbox (tenant_id, key, seq) WHERE published_at IS NULL AND attempts > 0;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

-- Which events each consumer of this service has applied. Written in the transaction of their effect.
CREATE TABLE inbox (
    tenant_id    text        NOT NULL DEFAULT 'default',
    consumer     text        NOT NULL,
    message_id   uuid        NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, consumer, message_id)
);
CREATE INDEX inbox_received ON inbox (received_at);

-- Received events that failed and wait for another attempt, and the later ones of the same key behind them.
CREATE TABLE parked (
    tenant_id    text        NOT NULL DEFAULT 'default',
    consumer     text        NOT NULL,
    message_id   uuid        NOT NULL,
    seq          bigint      GENERATED ALWAYS AS IDENTITY,
    topic        text        NOT NULL,
    key          text        NOT NULL,
    envelope     jsonb       NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    next_at      timestamptz NOT NULL DEFAULT now(),
    last_error   text,
    parked_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, consumer, message_id)
);
CREATE INDEX parked_key ON parked (consumer, tenant_id, key, seq);
CREATE INDEX parked_due ON parked (consumer, next_at);

-- Received events that no attempt could apply, for people to look at.
CREATE TABLE dead_letter (
    tenant_id    text        NOT NULL DEFAULT 'default',
    id           uuid        NOT NULL,
    consumer     text        NOT NULL,
    message_id   uuid,
    topic        text,
    key          text,
    envelope     jsonb,
    -- The bytes, when they were no event at all.
    raw          bytea,
    error        text        NOT NULL,
    attempts     integer     NOT NULL,
    state        text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'redriven', 'dropped')),
    first_seen   timestamptz NOT NULL DEFAULT now(),
    last_seen    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX dead_letter_open ON dead_letter (tenant_id, consumer, message_id) WHERE state = 'open';
CREATE INDEX dead_letter_by_id ON dead_letter (id) WHERE state = 'open';
ALTER TABLE outbox SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
