-- Statements that put the new tables in the place of the present one.
SELECT statement FROM (
    SELECT 1 AS step, 'DROP TABLE id_fa_mappings' AS statement
    UNION ALL
    SELECT 2, 'ALTER TABLE id_fa_mappings_next RENAME TO id_fa_mappings'
    UNION ALL
    SELECT 3, format('ALTER INDEX id_fa_mappings_next_%s RENAME TO %I', c.oid, c.relname)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = 'id_fa_mappings'::regclass AND i.indisvalid
    UNION ALL
    SELECT 4, format('ALTER SEQUENCE %s RENAME TO %I', pg_get_serial_sequence('id_fa_mappings_next', 'id'), c.relname)
      FROM pg_class c WHERE c.oid = pg_get_serial_sequence('id_fa_mappings', 'id')::regclass
) s ORDER BY step
