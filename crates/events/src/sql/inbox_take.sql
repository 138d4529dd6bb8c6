WITH batch AS (
    SELECT b.tenant_id, b.id, b.position,
           EXISTS (SELECT 1 FROM parked AS p
                    WHERE p.consumer = $1 AND p.tenant_id = b.tenant_id AND p.key = b.key) AS parked
      FROM UNNEST($2::text[], $3::uuid[], $4::text[]) WITH ORDINALITY AS b(tenant_id, id, key, position)
), taken AS (
    INSERT INTO inbox (tenant_id, consumer, message_id)
    -- One order of locks for all processes, so that two batches with common events cannot wait for each other.
    SELECT tenant_id, $1, id FROM batch WHERE NOT parked ORDER BY tenant_id, id
    ON CONFLICT DO NOTHING
    RETURNING tenant_id, message_id
)
SELECT min(b.position) AS position, b.parked
  FROM batch AS b
 WHERE b.parked OR (b.tenant_id, b.id) IN (SELECT tenant_id, message_id FROM taken)
 GROUP BY b.tenant_id, b.id, b.parked
