-- Statements that give the filled tables all that the present one has. $1: the number of partitions wanted.
-- Indexes have names of their own until the present ones are gone.
WITH old AS (SELECT 'id_fa_mappings'::regclass::oid AS oid),
parts AS (
    SELECT inhrelid AS oid FROM pg_inherits WHERE inhparent = 'id_fa_mappings_next'::regclass
), indexes AS (
    SELECT i.indexrelid AS oid, i.indisunique, i.indisprimary, pg_get_indexdef(i.indexrelid) AS definition,
           format('id_fa_mappings_next_%s', i.indexrelid) AS name, c.oid AS constraint_
      FROM old JOIN pg_index i ON i.indrelid = old.oid AND i.indisvalid
      LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = old.oid AND c.contype IN ('p', 'u')
), triggers AS (
    SELECT t.oid, t.tgname, t.tgenabled, t.tgtype & 1 = 1 AS each_row, t.tgtype & 32 = 32 AS truncates,
           t.tgfoid = 'mappings_truncated'::regproc AND NOT t.tgtype & 1 = 1 AS empties,
           pg_get_triggerdef(t.oid) AS definition,
           format(' ON %I.id_fa_mappings ', current_schema()) AS place
      FROM old JOIN pg_trigger t ON t.tgrelid = old.oid AND NOT t.tgisinternal
)
SELECT statement FROM (
    SELECT 1 AS step, i.oid::bigint AS n,
           CASE WHEN constraint_ IS NOT NULL
                THEN format('ALTER TABLE id_fa_mappings_next ADD CONSTRAINT %I %s', name, pg_get_constraintdef(constraint_))
                ELSE format('CREATE %s %I ON id_fa_mappings_next%s', CASE WHEN indisunique THEN 'UNIQUE INDEX' ELSE 'INDEX' END,
                            name, substring(definition FROM position(' USING ' IN definition)))
            END AS statement
      FROM indexes i
    UNION ALL
    -- A statement on the whole table fires its triggers, one on a partition fires the partition's.
    SELECT 2, oid::bigint, replace(definition, place, ' ON id_fa_mappings_next ') FROM triggers WHERE NOT empties
    UNION ALL
    SELECT 3, p.oid::bigint, replace(t.definition, t.place, format(' ON %s ', p.oid::regclass))
      FROM triggers t, parts p WHERE NOT t.each_row AND NOT t.truncates
    UNION ALL
    -- TRUNCATE fires the triggers of the whole and of each partition.
    SELECT 4, p.oid::bigint, format('CREATE TRIGGER mappings_truncated BEFORE TRUNCATE ON %s
                                     FOR EACH STATEMENT EXECUTE FUNCTION mapping_partition_truncated()', p.oid::regclass)
      FROM parts p
    UNION ALL
    SELECT 4, 0, 'CREATE TRIGGER mappings_truncated BEFORE TRUNCATE ON id_fa_mappings_next
                  FOR EACH STATEMENT EXECUTE FUNCTION mappings_truncated()' WHERE $1 = 0
    UNION ALL
    SELECT 5, t.oid::bigint, format('ALTER TABLE %s %s TRIGGER %I', target.name,
               CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname)
      FROM triggers t, (SELECT 'id_fa_mappings_next' AS name, true AS whole UNION ALL SELECT oid::regclass::text, false FROM parts) target
     WHERE t.tgenabled <> 'O' AND NOT (t.empties AND target.whole AND $1 > 0)
       AND (target.whole OR NOT t.each_row AND (NOT t.truncates OR t.empties))
    UNION ALL
    SELECT 6, 0, format('GRANT %s ON id_fa_mappings_next TO %s%s', a.privilege_type,
               CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
               CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM old JOIN pg_class c USING (oid), aclexplode(c.relacl) a
    UNION ALL
    SELECT 7, 0, format('GRANT %s (%I) ON id_fa_mappings_next TO %s%s', a.privilege_type, c.attname,
               CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
               CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM old JOIN pg_attribute c ON c.attrelid = old.oid AND c.attnum > 0 AND NOT c.attisdropped, aclexplode(c.attacl) a
    UNION ALL
    SELECT 8, 0, format('SELECT setval(%L, last_value, is_called) FROM %s',
                        pg_get_serial_sequence('id_fa_mappings_next', 'id'), pg_get_serial_sequence('id_fa_mappings', 'id'))
     WHERE pg_get_serial_sequence('id_fa_mappings', 'id') IS NOT NULL
    UNION ALL
    SELECT 9, 0, format('GRANT %s ON SEQUENCE %s TO %s%s', a.privilege_type, pg_get_serial_sequence('id_fa_mappings_next', 'id'),
               CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
               CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM pg_class c, aclexplode(c.relacl) a
     WHERE c.oid = pg_get_serial_sequence('id_fa_mappings', 'id')::regclass
    UNION ALL
    SELECT 10, 0, format('COMMENT ON TABLE id_fa_mappings_next IS %L', obj_description(oid, 'pg_class'))
      FROM old WHERE obj_description(oid, 'pg_class') IS NOT NULL
) s ORDER BY step, n
