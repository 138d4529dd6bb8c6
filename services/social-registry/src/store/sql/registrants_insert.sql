-- $1 tenant, $2 rows, $3 actor, $4 reason, $5 time
WITH n AS (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS n(
        registrant_id uuid, kind text, external_id text, pseudonym text, social_id text, name text, given_name text,
        family_name text, additional_name text, gender text, birth_date date, birth_place text, email text,
        group_kind text, address text, village text, district text, region text, country text, latitude numeric,
        longitude numeric, attributes jsonb, registration_date date)
), written AS (
    INSERT INTO registrants AS r (
        tenant_id, registrant_id, kind, external_id, pseudonym, social_id, name, given_name, family_name,
        additional_name, gender, birth_date, birth_place, email, group_kind, address, village, district, region,
        country, latitude, longitude, attributes, registration_date, created_at, updated_at)
    SELECT $1, n.registrant_id, n.kind, n.external_id, n.pseudonym, n.social_id, n.name, n.given_name, n.family_name,
           n.additional_name, n.gender, n.birth_date, n.birth_place, n.email, n.group_kind, n.address, n.village,
           n.district, n.region, n.country, n.latitude, n.longitude, COALESCE(n.attributes, '{}'),
           COALESCE(n.registration_date, ($5::timestamptz AT TIME ZONE 'UTC')::date), $5, $5
      FROM n
     -- One order of locks for all writers.
     ORDER BY n.external_id
    RETURNING r.*
)
INSERT INTO history (tenant_id, at, actor, reason, entity, action, registrant_id, after)
SELECT $1, $5, $3, $4, 'registrant', 'created', w.registrant_id, jsonb_strip_nulls(to_jsonb(w) - 'tenant_id')
  FROM written AS w
