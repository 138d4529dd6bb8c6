-- A statement whose balances contradict its lines is kept and books nothing.
ALTER TABLE statements DROP CONSTRAINT statements_state_check;
ALTER TABLE statements ADD CONSTRAINT statements_state_check
    CHECK (state IN ('PROCESSING', 'PROCESSED', 'PROBLEM', 'ERROR'));
-- What the statement says, to tell the same one again from another under its number.
ALTER TABLE statements ADD COLUMN content_sha256 text;
