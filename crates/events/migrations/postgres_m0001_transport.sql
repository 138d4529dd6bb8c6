-- Which consumer wants which topic. A consumer serves all tenants: its tenant is '*'.
CREATE TABLE subscription (
    tenant_id    text        NOT NULL DEFAULT '*',
    topic        text        NOT NULL,
    consumer     text        NOT NULL,
    declared_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, topic, consumer)
);

-- One row for each event and consumer, until the consumer has it.
CREATE TABLE delivery (
    tenant_id    text        NOT NULL DEFAULT 'default',
    consumer     text        NOT NULL,
    message_id   uuid        NOT NULL,
    seq          bigint      GENERATED ALWAYS AS IDENTITY,
    key          text        NOT NULL,
    body         bytea       NOT NULL,
    claims       integer     NOT NULL DEFAULT 0,
    visible_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, consumer, message_id)
);
CREATE INDEX delivery_order ON delivery (consumer, seq);
CREATE INDEX delivery_held ON delivery (consumer, tenant_id, key, seq) WHERE claims > 0;
-- A queue: rows come and go all the time.
ALTER TABLE delivery SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
