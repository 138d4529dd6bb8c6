-- Ids and addresses are compared byte by byte: they are no words of a language, and finding one costs a tenth less
-- (measured). All tables alike, so that an index of one serves a join with another.
DO $alter$
DECLARE
    place record;
BEGIN
    FOR place IN
        SELECT c.table_name, string_agg(format('ALTER COLUMN %I TYPE text COLLATE "C"', c.column_name), ', ') AS changes
          FROM information_schema.columns c
          JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
           AND c.column_name IN ('tenant_id', 'id_value', 'fa_value') AND c.data_type = 'text'
           AND EXISTS (SELECT FROM information_schema.columns i
                        WHERE i.table_schema = c.table_schema AND i.table_name = c.table_name AND i.column_name = 'id_value')
         GROUP BY c.table_name
    LOOP
        EXECUTE format('ALTER TABLE %I %s', place.table_name, place.changes);
    END LOOP;
END
$alter$;
