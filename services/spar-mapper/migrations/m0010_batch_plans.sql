-- The server keeps the plans of these functions for a session. One that was made for a change of one id joins in nested loops,
-- and then takes fifteen times as long for a batch of five thousand (measured). Whoever replaces a function sets this again.
ALTER FUNCTION mappings_inserted() SET enable_nestloop = off;
ALTER FUNCTION mappings_updated() SET enable_nestloop = off;
ALTER FUNCTION mappings_deleted() SET enable_nestloop = off;
ALTER FUNCTION mappings_truncated() SET enable_nestloop = off;
