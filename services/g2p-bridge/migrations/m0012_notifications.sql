-- Where the programme system wants to be told of changes: below an address registered for the partner that makes the
-- programme's envelopes.
ALTER TABLE benefit_programs ADD COLUMN notify_url text;

-- What a programme system is to be told, in the order it happened. Written in the transaction that makes the change, gone
-- when the system has taken it; one that will never be taken stays, for an operator.
CREATE TABLE notifications (
    tenant_id   text        NOT NULL DEFAULT 'default',
    envelope_id text        NOT NULL,
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    -- Also the id of the message: whoever gets it twice knows it by this.
    message_id  uuid        NOT NULL,
    message     jsonb       NOT NULL,
    state       text        NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'DEAD')),
    problem     text,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, envelope_id, id)
);
CREATE INDEX notifications_dead ON notifications (tenant_id, id) WHERE state = 'DEAD';
