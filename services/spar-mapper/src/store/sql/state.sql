SELECT jsonb_build_object('fa', fa_value, 'name', name, 'phone', phone, 'info', additional_info, 'active', active)
  FROM id_fa_mappings WHERE tenant_id = $1 AND id_value = $2
