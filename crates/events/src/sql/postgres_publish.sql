-- A message that is still waiting is not inserted twice; one that was consumed already is stopped by the inbox.
WITH written AS (
    INSERT INTO delivery (tenant_id, consumer, message_id, key, body)
    SELECT m.tenant_id, s.consumer, m.id, m.key, m.body
      FROM UNNEST($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bytea[])
           WITH ORDINALITY AS m(tenant_id, id, topic, key, body, position)
      JOIN subscription AS s ON s.topic = m.topic AND s.tenant_id IN ('*', m.tenant_id)
     ORDER BY m.position, s.consumer
    ON CONFLICT DO NOTHING
    RETURNING consumer
)
SELECT pg_notify('openg2p_delivery_' || current_schema(), consumer) FROM (SELECT DISTINCT consumer FROM written) AS w
