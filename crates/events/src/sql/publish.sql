WITH written AS (
    INSERT INTO outbox (tenant_id, id, topic, key, payload, traceparent)
    SELECT $1, n.id, $2, n.key, n.payload::jsonb, $3
      FROM UNNEST($4::uuid[], $5::text[], $6::text[]) WITH ORDINALITY AS n(id, key, payload, position)
     ORDER BY n.position
    RETURNING id
)
SELECT pg_notify('openg2p_outbox_' || current_schema(), '') FROM (SELECT FROM written LIMIT 1) AS any_row
