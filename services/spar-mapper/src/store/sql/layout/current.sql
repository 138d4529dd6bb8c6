-- 0: one table; n: partitions by the hash of the id; -1: partitions that somebody made otherwise.
SELECT CASE WHEN c.relkind <> 'p' THEN 0
            WHEN p.partstrat = 'h' AND p.partnatts = 1 AND a.attname = 'id_value' AND parts.moduli = ARRAY[parts.n::text]
                 THEN parts.n
            ELSE -1 END
  FROM pg_class c
  LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
 CROSS JOIN LATERAL (
       SELECT count(*)::int AS n,
              array_agg(DISTINCT substring(pg_get_expr(i.relpartbound, i.oid) FROM 'modulus ([0-9]+)')) AS moduli
         FROM pg_inherits h JOIN pg_class i ON i.oid = h.inhrelid WHERE h.inhparent = c.oid) parts
 WHERE c.oid = 'id_fa_mappings'::regclass
