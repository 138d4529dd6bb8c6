-- $1, $2: the changes of state that there are for payments; $3, $4: for envelopes.
WITH steps AS (
    SELECT tenant_id, subject, before, after, actor, action,
           lag(after) OVER w AS previous, row_number() OVER w = 1 AS first, lead(id) OVER w IS NULL AS last
      FROM state_changes
     WHERE subject NOT LIKE 'program/%' AND subject NOT LIKE 'statement/%'
    WINDOW w AS (PARTITION BY tenant_id, subject ORDER BY id)
), known AS (
    SELECT tenant_id, disbursement_id AS subject, state, 'RECEIVED' AS begins, false AS envelope FROM disbursements
    UNION ALL
    SELECT tenant_id, 'envelope/' || envelope_id, state, 'RECEIVING', true FROM envelopes
), allowed AS (
    SELECT false AS envelope, * FROM UNNEST($1::text[], $2::text[]) AS p (before, after)
    UNION ALL
    SELECT true, * FROM UNNEST($3::text[], $4::text[]) AS e (before, after)
)
SELECT s.subject AS id, v.what
  FROM steps s
  JOIN known k USING (tenant_id, subject)
 CROSS JOIN LATERAL (VALUES
       (s.first AND (s.before IS NOT NULL OR s.after <> k.begins),
        format('its history begins with %s', coalesce(s.before || ' to ', '') || s.after)),
       (NOT s.first AND s.before IS DISTINCT FROM s.previous,
        format('its history has a gap: it went to %s, then on from %s', s.previous, coalesce(s.before, 'nothing'))),
       (NOT s.first AND NOT EXISTS (SELECT FROM allowed a
                                     WHERE a.envelope = k.envelope AND a.before = s.before AND a.after = s.after),
        format('its history has a change that there is not: %s to %s', coalesce(s.before, 'nothing'), s.after)),
       (s.last AND s.after <> k.state, format('it stands in %s, and its history ends with %s', k.state, s.after)),
       (s.actor = '' OR s.action = '', 'its history has a change without who or what')
     ) AS v (broken, what)
 WHERE v.broken
UNION ALL
SELECT k.subject, 'it has no history'
  FROM known k
 WHERE NOT EXISTS (SELECT FROM state_changes c WHERE c.tenant_id = k.tenant_id AND c.subject = k.subject)
