-- Calls to banks: what a bank says of a call or a file, it says by this id.
CREATE TABLE bank_calls (
    tenant_id  text        NOT NULL DEFAULT 'default',
    call_id    uuid        NOT NULL,
    batch_id   uuid        NOT NULL,
    bank_code  text        NOT NULL,
    payments   bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, call_id)
);
-- In which call a payment was sent.
ALTER TABLE payment_attempts ADD COLUMN call_id uuid;
-- What a file is, and whose folder it came from; none for uploads.
ALTER TABLE statement_files ADD COLUMN kind text NOT NULL DEFAULT 'STATEMENT' CHECK (kind IN ('STATEMENT', 'REPORT'));
ALTER TABLE statement_files ADD COLUMN bank_code text;
