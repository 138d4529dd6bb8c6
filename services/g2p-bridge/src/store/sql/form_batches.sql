-- Cuts the payments that have an account into batches of at most $4, in the order of their numbers.
WITH numbered AS (
    SELECT seq, amount_minor, (row_number() OVER (ORDER BY seq) - 1) / $4 AS batch_no
      FROM disbursements
     WHERE tenant_id = $1 AND envelope_id = $2 AND state = 'RESOLVED'
)
INSERT INTO payment_batches (tenant_id, batch_id, envelope_id, batch_no, first_seq, last_seq, count, amount_minor,
                             created_at, updated_at)
SELECT $1, gen_random_uuid(), $2, batch_no + 1, min(seq), max(seq), count(*), sum(amount_minor), $3, $3
  FROM numbered GROUP BY batch_no
RETURNING batch_id
