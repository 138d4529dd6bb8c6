WITH sums AS (
    SELECT tenant_id, envelope_id,
           count(*) FILTER (WHERE state <> 'CANCELLED') AS count,
           coalesce(sum(amount_minor) FILTER (WHERE state <> 'CANCELLED'), 0) AS minor,
           coalesce(sum(amount_minor) FILTER (WHERE state IN ('SENDING', 'UNKNOWN', 'ACCEPTED', 'PAID', 'REVERSED')), 0)
               AS sent
      FROM disbursements GROUP BY 1, 2
)
SELECT e.envelope_id AS id, v.what
  FROM envelopes e
  JOIN sums s USING (tenant_id, envelope_id)
 -- A bank that blocks nothing is sent what was to be blocked, and no more.
 CROSS JOIN LATERAL (SELECT coalesce(CASE WHEN e.funds_blocked_error = 'NOT_OFFERED_BY_BANK' THEN e.eligible_minor
                                          ELSE e.blocked_minor END, 0) AS minor) AS f
 CROSS JOIN LATERAL (VALUES
       (s.count > e.declared_count, format('it holds %s payments of %s declared', s.count, e.declared_count)),
       (s.minor > e.declared_minor, format('its payments come to %s of %s declared', s.minor, e.declared_minor)),
       (s.sent > f.minor, format('%s are with the bank, %s were blocked', s.sent, f.minor)),
       (e.blocked_minor > e.declared_minor, format('%s are blocked, %s were declared', e.blocked_minor, e.declared_minor))
     ) AS v (broken, what)
 WHERE v.broken
