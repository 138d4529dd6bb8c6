-- Takes payments into an envelope: all of them or, by the caller's count, none. A row whose id is there already is
-- left out, and the caller sees that from the count.
WITH added AS (
    INSERT INTO disbursements (tenant_id, disbursement_id, envelope_id, seq, batch_control_id, mis_reference_number,
                               beneficiary_id, beneficiary_name, amount_minor, narrative, compute_elements, state,
                               received_at, updated_at)
    SELECT $1, n.disbursement_id, $2, $3 + n.position - 1, $4, n.mis_reference_number, n.beneficiary_id,
           n.beneficiary_name, n.amount_minor, n.narrative, n.compute_elements::jsonb, 'RECEIVED', $5, $5
      FROM UNNEST($7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::text[], $13::text[])
           WITH ORDINALITY AS n(disbursement_id, mis_reference_number, beneficiary_id, beneficiary_name, amount_minor,
                                narrative, compute_elements, position)
    ON CONFLICT DO NOTHING
    RETURNING disbursement_id, amount_minor
), history AS (
    INSERT INTO state_changes (tenant_id, subject, at, actor, action, after)
    SELECT $1, disbursement_id, $5, $6, 'receive', 'RECEIVED' FROM added
), tally AS (
    INSERT INTO envelope_tally (tenant_id, envelope_id, state, count, amount_minor)
    SELECT $1, $2, 'RECEIVED', count(*), sum(amount_minor) FROM added HAVING count(*) > 0
)
SELECT count(*) AS added FROM added
