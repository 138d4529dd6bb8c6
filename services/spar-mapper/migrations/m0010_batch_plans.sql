-- The server keeps the plans of these functions for a session. One that was made for a change of one id joins in nested loops,
-- and then takes fifteen times as long for a batch of five thousand (measured). Whoever replaces a function sets this again.
ALTER FUNCTION mappings_inserted() SET enable_nestloop = off;
ALTER FUNCTION mappings_updated() SET enable_nestloop = off;
ALTER FUNCTION mappings_deleted() SET enable_nestloop = off;
ALTER FUNCTION mappings_truncated() SET enable_nestloop = off;

-- Ids and addresses are compared byte by byte: they are no words of a language, and every comparison in an index by the
-- rules of one takes a multiple of the time.
ALTER TABLE id_fa_mappings ALTER COLUMN id_value TYPE text COLLATE "C", ALTER COLUMN fa_value TYPE text COLLATE "C";
ALTER TABLE mapping_ids ALTER COLUMN id_value TYPE text COLLATE "C";
ALTER TABLE mapping_history ALTER COLUMN id_value TYPE text COLLATE "C";
