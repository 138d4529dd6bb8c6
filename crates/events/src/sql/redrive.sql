-- Back to `parked`, where the retry loop takes it; out of the inbox, where it was recorded as dealt with.
WITH chosen AS (
    UPDATE dead_letter SET state = 'redriven', last_seen = now()
     WHERE state = 'open' AND envelope IS NOT NULL
       AND ($1::text IS NULL OR consumer = $1) AND ($2::uuid IS NULL OR id = $2)
    RETURNING tenant_id, consumer, message_id, topic, key, envelope, error, id
), forgotten AS (
    DELETE FROM inbox AS i USING chosen AS c
     WHERE i.tenant_id = c.tenant_id AND i.consumer = c.consumer AND i.message_id = c.message_id
)
INSERT INTO parked (tenant_id, consumer, message_id, topic, key, envelope, last_error)
SELECT tenant_id, consumer, message_id, topic, key, envelope, error FROM chosen ORDER BY id
ON CONFLICT DO NOTHING
