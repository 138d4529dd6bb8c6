-- $1 tenant, $2 programme, $3 cycle, $4 benefit, $5 batch id, $6 count, $7 sum, $8 now, $9 ids, $10 households, $11 payees, $12 amounts.
WITH batch AS (
    INSERT INTO disbursement_batches (tenant_id, cycle_id, benefit_code, sequence, id, count, total_minor, created_at)
    SELECT $1, $3, $4, 1 + coalesce(max(sequence), 0), $5, $6, $7, $8
      FROM disbursement_batches WHERE tenant_id = $1 AND cycle_id = $3 AND benefit_code = $4
    RETURNING sequence
)
INSERT INTO disbursements (tenant_id, id, program_id, cycle_id, benefit_code, household_id, payee, batch, amount_minor,
                           state_at, created_at)
SELECT $1, n.id, $2, $3, $4, n.household, n.payee, b.sequence, n.amount, $8, $8
  FROM batch b, UNNEST($9::text[], $10::text[], $11::text[], $12::bigint[]) AS n (id, household, payee, amount)
