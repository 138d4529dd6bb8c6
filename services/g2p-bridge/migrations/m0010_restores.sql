-- The database was restored from an older backup: what was sent after that backup is not known here. While a row without an
-- end is there, every payment is asked for at the bank before it is sent.
CREATE TABLE restores (
    restore_id   uuid        PRIMARY KEY,
    restored_at  timestamptz NOT NULL,
    -- Payments that were not at their end in the backup.
    open_then    bigint      NOT NULL,
    -- Ended by two people: the second one's word ends it.
    proposed_at  timestamptz,
    proposed_by  text,
    ended_at     timestamptz,
    ended_by     text,
    CHECK (ended_at IS NULL OR ended_by <> proposed_by)
);
-- One at a time.
CREATE UNIQUE INDEX restores_open ON restores ((true)) WHERE ended_at IS NULL;
