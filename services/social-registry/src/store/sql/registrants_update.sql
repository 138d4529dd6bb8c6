-- $1 tenant, $2 whole rows, $3 actor, $4 reason, $5 time
WITH n AS (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS n(
        registrant_id uuid, name text, given_name text, family_name text, additional_name text, gender text,
        birth_date date, birth_place text, email text, group_kind text, address text, village text, district text,
        region text, country text, latitude numeric, longitude numeric, attributes jsonb, registration_date date)
), old AS (
    SELECT r.* FROM registrants AS r JOIN n ON r.tenant_id = $1 AND r.registrant_id = n.registrant_id
), written AS (
    UPDATE registrants AS r
       SET name = n.name, given_name = n.given_name, family_name = n.family_name,
           additional_name = n.additional_name, gender = n.gender, birth_date = n.birth_date,
           birth_place = n.birth_place, email = n.email, group_kind = n.group_kind, address = n.address,
           village = n.village, district = n.district, region = n.region, country = n.country,
           latitude = n.latitude, longitude = n.longitude, attributes = COALESCE(n.attributes, '{}'),
           registration_date = n.registration_date, version = r.version + 1, updated_at = $5
      FROM n WHERE r.tenant_id = $1 AND r.registrant_id = n.registrant_id
    RETURNING r.*
)
INSERT INTO history (tenant_id, at, actor, reason, entity, action, registrant_id, before, after)
SELECT $1, $5, $3, $4, 'registrant', 'updated', w.registrant_id,
       jsonb_strip_nulls(to_jsonb(old) - 'tenant_id'), jsonb_strip_nulls(to_jsonb(w) - 'tenant_id')
  FROM written AS w JOIN old ON old.registrant_id = w.registrant_id
