-- What hangs on the table and would be lost or be in the way. $1: the number of partitions wanted.
WITH tables AS (
    SELECT 'id_fa_mappings'::regclass::oid AS oid UNION SELECT relid::oid FROM pg_partition_tree('id_fa_mappings')
)
SELECT DISTINCT format('the view %s reads it', r.ev_class::regclass)
  FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
 WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM tables)
   AND r.ev_class NOT IN (SELECT oid FROM tables)
UNION ALL
SELECT format('it has the rule %s', rulename) FROM pg_rewrite WHERE ev_class IN (SELECT oid FROM tables)
UNION ALL
SELECT format('%s has the foreign key %s', conrelid::regclass, conname) FROM pg_constraint
 WHERE contype = 'f' AND conparentid = 0
   AND (confrelid IN (SELECT oid FROM tables) OR conrelid IN (SELECT oid FROM tables))
UNION ALL
SELECT format('it has the exclusion constraint %s', conname) FROM pg_constraint
 WHERE contype = 'x' AND conrelid IN (SELECT oid FROM tables)
UNION ALL
SELECT format('%s has row security', oid::regclass) FROM pg_class
 WHERE oid IN (SELECT oid FROM tables) AND (relrowsecurity OR oid IN (SELECT polrelid FROM pg_policy))
UNION ALL
SELECT format('the publication %s names it', p.pubname)
  FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid IN (SELECT oid FROM tables)
UNION ALL
SELECT format('%s inherits from %s', inhrelid::regclass, inhparent::regclass) FROM pg_inherits
 WHERE (inhparent IN (SELECT oid FROM tables)) <> (inhrelid IN (SELECT oid FROM tables))
    OR (inhparent IN (SELECT oid FROM tables) AND NOT (SELECT relispartition FROM pg_class WHERE oid = inhrelid))
UNION ALL
SELECT format('the sequence %s belongs to one of its columns', objid::regclass) FROM pg_depend
 WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype = 'a'
   AND refobjid IN (SELECT oid FROM tables) AND refobjsubid > 0
   AND objid IN (SELECT oid FROM pg_class WHERE relkind = 'S')
UNION ALL
SELECT format('the unique index %s does not have the column id_value', i.indexrelid::regclass) FROM pg_index i
 WHERE $1 > 0 AND i.indrelid = 'id_fa_mappings'::regclass AND i.indisunique
   AND NOT EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = i.indrelid AND a.attname = 'id_value' AND a.attnum = ANY (i.indkey))
UNION ALL
SELECT format('its trigger %s is for each row and has a transition table', tgname) FROM pg_trigger
 WHERE $1 > 0 AND tgrelid = 'id_fa_mappings'::regclass AND tgtype & 1 = 1
   AND (tgoldtable IS NOT NULL OR tgnewtable IS NOT NULL)
