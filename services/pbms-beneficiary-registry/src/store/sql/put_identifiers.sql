INSERT INTO identifiers (tenant_id, id_type, value_hash, program_id, member_id, active)
SELECT DISTINCT $1, n.kind, n.hash, $2::uuid, n.member, true
  FROM UNNEST($3::text[], $4::text[], $5::text[]) AS n (kind, hash, member)
    ON CONFLICT (tenant_id, id_type, value_hash, program_id, member_id) DO UPDATE SET active = true
