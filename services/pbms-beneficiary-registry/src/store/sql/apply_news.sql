-- $1 tenant, $2 ids, $3 states, $4 ranks, $5 times, $6 reasons, $7 cause, $8 now. The rows are locked already.
WITH further AS MATERIALIZED (
    SELECT d.id, d.program_id, d.cycle_id, d.amount_minor, d.state AS from_state, n.state, n.rank, n.at, n.reason
      FROM disbursements d
      JOIN UNNEST($2::text[], $3::text[], $4::smallint[], $5::timestamptz[], $6::text[])
           AS n (id, state, rank, at, reason) ON n.id = d.id
     WHERE d.tenant_id = $1
       AND n.state <> d.state
       AND (n.rank > d.state_rank OR (n.rank = d.state_rank AND n.at > d.state_at))
), changed AS (
    UPDATE disbursements d
       SET state = f.state, state_rank = f.rank, state_at = f.at, reason = f.reason
      FROM further f
     WHERE d.tenant_id = $1 AND d.id = f.id
), history AS (
    INSERT INTO disbursement_history (tenant_id, disbursement_id, from_state, to_state, reason, cause, at, recorded_at)
    SELECT $1, id, from_state, state, reason, $7, at, $8 FROM further
)
SELECT program_id, cycle_id, from_state, state AS to_state, sum(amount_minor)::bigint AS total_minor
  FROM further GROUP BY program_id, cycle_id, from_state, state
