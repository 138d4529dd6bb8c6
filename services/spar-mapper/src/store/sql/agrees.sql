-- Entries from before change control do not say whether the mapping was active.
SELECT COALESCE(after = state OR (NOT jsonb_exists(after, 'active') AND after = state - 'active'),
                after IS NULL AND state IS NULL)
  FROM (SELECT 1) one
  LEFT JOIN LATERAL (
      SELECT after FROM mapping_history
       WHERE tenant_id = $1 AND id_value = $2 AND change IN ('linked', 'updated', 'unlinked')
       ORDER BY no DESC LIMIT 1) said ON true
  LEFT JOIN LATERAL (
      SELECT jsonb_build_object('fa', fa_value, 'name', name, 'phone', phone, 'info', additional_info,
                                'active', active) AS state
        FROM id_fa_mappings WHERE tenant_id = $1 AND id_value = $2) now ON true
