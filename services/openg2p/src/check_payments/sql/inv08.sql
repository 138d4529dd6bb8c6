SELECT envelope_id AS id, format('%s payments of %s stand in %s, the counters say %s of %s', coalesce(d.count, 0),
                                 coalesce(d.minor, 0), state, coalesce(t.count, 0), coalesce(t.minor, 0)) AS what
  FROM (SELECT tenant_id, envelope_id, state, count(*) AS count, sum(amount_minor) AS minor
          FROM disbursements GROUP BY 1, 2, 3) d
  FULL JOIN (SELECT tenant_id, envelope_id, state, sum(count) AS count, sum(amount_minor) AS minor
               FROM envelope_tally GROUP BY 1, 2, 3 HAVING sum(count) <> 0 OR sum(amount_minor) <> 0) t
    USING (tenant_id, envelope_id, state)
 WHERE d.count IS DISTINCT FROM t.count OR d.minor IS DISTINCT FROM t.minor
UNION ALL
-- A cancelled envelope keeps what it had received; payments cancelled by themselves before went out of the count.
SELECT e.envelope_id, format('it says that %s payments of %s were received; there are %s of %s, and %s of %s more are cancelled',
                             e.received_count, e.received_minor, d.live, d.live_minor, d.gone, d.gone_minor)
  FROM envelopes e
 CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE state <> 'CANCELLED') AS live, count(*) FILTER (WHERE state = 'CANCELLED') AS gone,
               coalesce(sum(amount_minor) FILTER (WHERE state <> 'CANCELLED'), 0) AS live_minor,
               coalesce(sum(amount_minor) FILTER (WHERE state = 'CANCELLED'), 0) AS gone_minor
          FROM disbursements d WHERE d.tenant_id = e.tenant_id AND d.envelope_id = e.envelope_id) d
 WHERE CASE WHEN e.state = 'CANCELLED'
            THEN e.received_count NOT BETWEEN d.live AND d.live + d.gone
                 OR e.received_minor NOT BETWEEN d.live_minor AND d.live_minor + d.gone_minor
            ELSE e.received_count <> d.live OR e.received_minor <> d.live_minor END
UNION ALL
SELECT e.envelope_id, format('%s payments had an account when it was funded, its batches hold %s', e.eligible_count, b.count)
  FROM envelopes e
  JOIN (SELECT tenant_id, envelope_id, sum(count) AS count, sum(amount_minor) AS minor FROM payment_batches GROUP BY 1, 2) b
    USING (tenant_id, envelope_id)
 WHERE e.eligible_count <> b.count OR e.eligible_minor <> b.minor
