-- Admission: one conditional change, so that no number of concurrent calls gets more in than was declared. The last
-- call completes the envelope.
UPDATE envelopes
   SET received_count = received_count + $3,
       received_minor = received_minor + $4,
       next_seq = next_seq + $3,
       state = CASE WHEN received_count + $3 = declared_count AND received_minor + $4 = declared_minor
                    THEN 'SCHEDULED' ELSE state END,
       state_since = CASE WHEN received_count + $3 = declared_count AND received_minor + $4 = declared_minor
                          THEN $5 ELSE state_since END,
       problem = CASE WHEN received_count + $3 = declared_count AND received_minor + $4 < declared_minor
                      THEN 'AMOUNT_BELOW_DECLARED' END,
       problem_since = CASE WHEN received_count + $3 = declared_count AND received_minor + $4 < declared_minor
                            THEN $5 END
 WHERE tenant_id = $1 AND envelope_id = $2 AND state = 'RECEIVING'
   AND received_count + $3 <= declared_count
   AND received_minor + $4 <= declared_minor
RETURNING next_seq - $3 AS first_seq, state
