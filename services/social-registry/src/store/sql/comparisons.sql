-- $1 tenant, $2 people. What belongs to a person is looked up person by person, by index: the planner would else join
-- tables whose statistics lag behind an import row by row, each time reading the whole of them.
SELECT p.registrant_id, home.group_id AS household_id, p.given_name, p.family_name, p.additional_name,
       p.name AS full_name, p.gender AS sex, p.birth_date, p.birth_place,
       COALESCE(numbers.list, '{}') AS phones, COALESCE(documents.list, '{}') AS id_hashes,
       COALESCE(p.address, g.address) AS address, COALESCE(p.village, g.village) AS village,
       COALESCE(p.district, g.district) AS district
  FROM UNNEST($2::uuid[]) AS asked (registrant_id)
  -- One row by its key, and only by its key: what else is asked of it stands outside, or another index may be taken.
  CROSS JOIN LATERAL (
    SELECT r.* FROM registrants AS r WHERE r.tenant_id = $1 AND r.registrant_id = asked.registrant_id LIMIT 1
  ) AS p
  -- The household a person is in; of several the one that was entered first.
  LEFT JOIN LATERAL (
    SELECT (array_agg(m.group_id ORDER BY m.membership_id))[1] AS group_id
      FROM memberships AS m
     WHERE m.tenant_id = $1 AND m.individual_id = p.registrant_id AND m.ended_at IS NULL
  ) AS home ON true
  LEFT JOIN LATERAL (
    SELECT g.address, g.village, g.district FROM registrants AS g
     WHERE g.tenant_id = $1 AND g.registrant_id = home.group_id
  ) AS g ON true
  LEFT JOIN LATERAL (
    SELECT array_agg(t.e164 ORDER BY t.e164) AS list FROM phones AS t
     WHERE t.tenant_id = $1 AND t.registrant_id = p.registrant_id AND t.disabled_at IS NULL
  ) AS numbers ON true
  LEFT JOIN LATERAL (
    SELECT array_agg(i.value_hash ORDER BY i.id_type) AS list FROM identifiers AS i
     WHERE i.tenant_id = $1 AND i.registrant_id = p.registrant_id
  ) AS documents ON true
 WHERE p.kind = 'individual' AND p.status = 'active'
 ORDER BY p.registrant_id
