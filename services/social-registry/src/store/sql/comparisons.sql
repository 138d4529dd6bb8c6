-- $1 tenant, $2 people
WITH p AS (
    SELECT r.* FROM registrants AS r
     WHERE r.tenant_id = $1 AND r.registrant_id = ANY($2) AND r.kind = 'individual' AND r.status = 'active'
), home AS (
    -- The household a person is in; of several the one that was entered first.
    SELECT DISTINCT ON (m.individual_id) m.individual_id, m.group_id
      FROM memberships AS m JOIN p ON m.tenant_id = $1 AND m.individual_id = p.registrant_id
     WHERE m.ended_at IS NULL ORDER BY m.individual_id, m.membership_id
), numbers AS (
    SELECT t.registrant_id, array_agg(t.e164 ORDER BY t.e164) AS list
      FROM phones AS t JOIN p ON t.tenant_id = $1 AND t.registrant_id = p.registrant_id
     WHERE t.disabled_at IS NULL GROUP BY t.registrant_id
), documents AS (
    SELECT i.registrant_id, array_agg(i.value_hash ORDER BY i.id_type) AS list
      FROM identifiers AS i JOIN p ON i.tenant_id = $1 AND i.registrant_id = p.registrant_id
     GROUP BY i.registrant_id
)
SELECT p.registrant_id, home.group_id AS household_id, p.given_name, p.family_name, p.additional_name,
       p.name AS full_name, p.gender AS sex, p.birth_date, p.birth_place,
       COALESCE(numbers.list, '{}') AS phones, COALESCE(documents.list, '{}') AS id_hashes,
       COALESCE(p.address, g.address) AS address, COALESCE(p.village, g.village) AS village,
       COALESCE(p.district, g.district) AS district
  FROM p
  LEFT JOIN home ON home.individual_id = p.registrant_id
  LEFT JOIN registrants AS g ON g.tenant_id = $1 AND g.registrant_id = home.group_id
  LEFT JOIN numbers ON numbers.registrant_id = p.registrant_id
  LEFT JOIN documents ON documents.registrant_id = p.registrant_id
 ORDER BY p.registrant_id
