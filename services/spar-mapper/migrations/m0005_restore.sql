-- What a restored mapping had beside its address.
ALTER TABLE pending_changes ADD COLUMN info jsonb;
