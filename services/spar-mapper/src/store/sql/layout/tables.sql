-- Statements that make the empty tables, like the present one. $1: the number of partitions wanted.
WITH leaf AS (
    SELECT COALESCE((SELECT relid::oid FROM pg_partition_tree('id_fa_mappings') WHERE isleaf LIMIT 1),
                    'id_fa_mappings'::regclass::oid) AS oid
), options AS (
    SELECT COALESCE(' WITH (' || string_agg(option, ', ') || ')', '') AS text FROM (
        SELECT unnest(c.reloptions) AS option FROM leaf JOIN pg_class c USING (oid)
        UNION ALL
        SELECT 'toast.' || unnest(t.reloptions) FROM leaf JOIN pg_class c USING (oid) JOIN pg_class t ON t.oid = c.reltoastrelid
    ) o
), owner AS (
    SELECT pg_get_userbyid(relowner) AS name, relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user) AS other
      FROM pg_class WHERE oid = 'id_fa_mappings'::regclass
), names AS (
    SELECT n, format('id_fa_mappings_%s_%s', $1::int, lpad(n::text, length(($1 - 1)::text), '0')) AS name
      FROM generate_series(0, $1 - 1) AS n
)
SELECT statement FROM (
    SELECT 1 AS step, 0 AS n,
           'CREATE TABLE id_fa_mappings_next (LIKE id_fa_mappings INCLUDING ALL EXCLUDING INDEXES)'
           || CASE WHEN $1 > 0 THEN ' PARTITION BY HASH (id_value)' ELSE options.text END AS statement
      FROM options
    UNION ALL
    SELECT 2, n, format('CREATE TABLE %I PARTITION OF id_fa_mappings_next FOR VALUES WITH (MODULUS %s, REMAINDER %s)%s',
                        name, $1, n, options.text)
      FROM names, options
    UNION ALL
    SELECT 3, n, format('ALTER TABLE %I OWNER TO %I', t.name, owner.name)
      FROM owner, (SELECT -1 AS n, 'id_fa_mappings_next' AS name UNION ALL SELECT n, name FROM names) t WHERE other
    UNION ALL
    SELECT 4, attnum, format('ALTER TABLE id_fa_mappings_next ALTER COLUMN %I SET STATISTICS %s', attname, attstattarget)
      FROM pg_attribute
     WHERE attrelid = 'id_fa_mappings'::regclass AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0
) s ORDER BY step, n
