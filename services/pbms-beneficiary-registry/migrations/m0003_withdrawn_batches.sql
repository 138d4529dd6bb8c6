-- A batch whose envelope was cancelled or has expired at the bridge: it is sent no more.
ALTER TABLE disbursement_batches DROP CONSTRAINT disbursement_batches_state_check;
ALTER TABLE disbursement_batches ADD CONSTRAINT disbursement_batches_state_check
    CHECK (state IN ('pending', 'accepted', 'refused', 'withdrawn'));
