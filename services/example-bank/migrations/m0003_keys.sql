-- Ids with `_`, as programme systems make them, fit a statement's reference as well as those with `-`.
ALTER TABLE payments DROP CONSTRAINT payments_payment_reference_number_check;
ALTER TABLE payments ADD CONSTRAINT payments_payment_reference_number_check
    CHECK (payment_reference_number ~ '^[0-9A-Za-z_-]{1,16}$');

-- Keys under which nothing may be blocked any more: their caller gave them up without knowing whether a block was made.
CREATE TABLE closed_block_keys (
    tenant_id text        NOT NULL DEFAULT 'default',
    reference text        NOT NULL,
    closed_by text        NOT NULL,
    closed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, reference)
);
