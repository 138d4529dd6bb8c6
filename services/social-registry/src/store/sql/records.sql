-- $1 tenant, $2 registrants (at most 50)
SELECT r.registrant_id, r.kind, r.external_id, r.pseudonym, r.social_id, r.status, r.duplicate_of,
       d.pseudonym AS duplicate_of_pseudonym, r.name, r.gender, r.birth_date, r.district, r.registration_date,
       r.version, r.attributes,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('id_type', i.id_type, 'value', i.value,
                                                     'expiry_date', i.expiry_date) ORDER BY i.id_type)
                   FROM identifiers AS i
                  WHERE i.tenant_id = $1 AND i.registrant_id = r.registrant_id), '[]') AS identifiers,
       COALESCE((SELECT jsonb_agg(p.e164 ORDER BY p.e164) FROM phones AS p
                  WHERE p.tenant_id = $1 AND p.registrant_id = r.registrant_id), '[]') AS phones,
       COALESCE((SELECT jsonb_agg(jsonb_build_object(
                            'membership_id', m.membership_id, 'group_id', m.group_id,
                            'group_external_id', g.external_id, 'individual_id', m.individual_id,
                            'individual_external_id', p.external_id, 'kinds', m.kinds,
                            'relationship_to_head', m.relationship_to_head, 'start_date', m.start_date,
                            'ended', m.ended_at IS NOT NULL) ORDER BY m.membership_id)
                   FROM memberships AS m
                   JOIN registrants AS g ON g.tenant_id = $1 AND g.registrant_id = m.group_id
                   JOIN registrants AS p ON p.tenant_id = $1 AND p.registrant_id = m.individual_id
                  WHERE m.tenant_id = $1
                    AND (m.individual_id = r.registrant_id OR m.group_id = r.registrant_id)), '[]') AS memberships,
       COALESCE((SELECT jsonb_object_agg(s.name, s.score) FROM scores AS s
                  WHERE s.tenant_id = $1 AND s.registrant_id = r.registrant_id), '{}') AS scores
  FROM registrants AS r
  LEFT JOIN registrants AS d ON d.tenant_id = r.tenant_id AND d.registrant_id = r.duplicate_of
 WHERE r.tenant_id = $1 AND r.registrant_id = ANY($2)
 ORDER BY r.registrant_id
