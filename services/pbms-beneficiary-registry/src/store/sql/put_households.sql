INSERT INTO households AS h (tenant_id, program_id, household_id, poverty_score, group_size, district,
                             registration_date, content_hash, last_pull, created_at, updated_at)
SELECT $1, $2, n.id, n.score, n.size, n.district, n.registered, n.hash, $3, $4, $4
  FROM UNNEST($5::text[], $6::double precision[], $7::bigint[], $8::text[], $9::date[], $10::text[])
       AS n (id, score, size, district, registered, hash)
    ON CONFLICT (tenant_id, program_id, household_id) DO UPDATE
   SET poverty_score = excluded.poverty_score,
       group_size = excluded.group_size,
       district = excluded.district,
       registration_date = excluded.registration_date,
       content_hash = excluded.content_hash,
       active = true,
       last_pull = excluded.last_pull,
       updated_at = excluded.updated_at
