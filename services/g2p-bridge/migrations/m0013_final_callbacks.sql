-- A message of the disburse API is answered twice: when its payments are taken in, and when nothing more will happen to any
-- of them (a late reversal aside).
ALTER TABLE disburse_messages
    -- The same for each attempt to send the second answer.
    ADD COLUMN final_message_id uuid,
    ADD COLUMN final_state      text CHECK (final_state IN ('waiting', 'delivered', 'undeliverable')),
    ADD CHECK ((final_state IS NULL) = (final_message_id IS NULL));

-- From a payment to the messages that asked for it.
CREATE INDEX disburse_orders_payment ON disburse_orders (tenant_id, disbursement_id) WHERE disbursement_id IS NOT NULL;
