INSERT INTO members (tenant_id, program_id, household_id, member_id, kinds, birth_date, gender, active)
SELECT $1, $2, n.household, n.id, string_to_array(n.kinds, $8), n.born, n.gender, true
  FROM UNNEST($3::text[], $4::text[], $5::text[], $6::date[], $7::text[]) AS n (household, id, kinds, born, gender)
    ON CONFLICT (tenant_id, program_id, household_id, member_id) DO UPDATE
   SET kinds = excluded.kinds,
       birth_date = excluded.birth_date,
       gender = excluded.gender,
       active = true
