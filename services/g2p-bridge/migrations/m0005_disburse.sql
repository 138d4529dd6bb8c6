-- What came in messages of the G2P-Connect disburse API: a row an item. An item that was taken has its payment; one that
-- was refused has the reason, and gives way to the same reference when it comes again and is taken.
CREATE TABLE disburse_orders (
    tenant_id       text        NOT NULL DEFAULT 'default',
    -- The partner. Senders that nobody registered are told apart by what they call themselves.
    sender          text        NOT NULL,
    transaction_id  text        NOT NULL,
    reference_id    text        NOT NULL,
    disbursement_id text,
    -- Made of all that the item says of the payment: the same again is the same payment, anything else is not.
    content_key     text        NOT NULL,
    -- In lower case: addresses are the same in either.
    payer_fa        text        NOT NULL,
    payee_fa        text        NOT NULL,
    reason_code     text,
    reason_text     text,
    received_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, sender, transaction_id, reference_id),
    CHECK ((disbursement_id IS NULL) = (reason_code IS NOT NULL)),
    FOREIGN KEY (tenant_id, disbursement_id) REFERENCES disbursements (tenant_id, disbursement_id)
);
-- A sender's reference stands for one payment, whatever the transaction.
CREATE UNIQUE INDEX disburse_orders_reference ON disburse_orders (tenant_id, sender, reference_id)
    WHERE disbursement_id IS NOT NULL;
CREATE INDEX disburse_orders_payee ON disburse_orders (tenant_id, sender, payee_fa, reference_id)
    WHERE disbursement_id IS NOT NULL;
CREATE INDEX disburse_orders_payer ON disburse_orders (tenant_id, sender, payer_fa, reference_id)
    WHERE disbursement_id IS NOT NULL;
-- For looking references up that were refused.
CREATE INDEX disburse_orders_refused ON disburse_orders (tenant_id, sender, reference_id, received_at)
    WHERE disbursement_id IS NULL;
