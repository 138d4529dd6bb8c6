-- $1 tenant, $2 programme, $3 after, $4 up to, $5 day of ages, $6 run, $7 rule version, $8 actor, $9 now; then the rule's.
-- Only a sure yes makes eligible. A membership that somebody paused or ended is left alone.
WITH judged AS (
    SELECT h.household_id,
           h.active,
           CASE WHEN h.active THEN (/*RULE*/) END AS verdict,
           (SELECT min(p.member_id) FROM members p
             WHERE p.tenant_id = h.tenant_id AND p.program_id = h.program_id AND p.household_id = h.household_id
               AND p.active AND 'Head' = ANY (p.kinds)) AS payee
      FROM households h
     WHERE h.tenant_id = $1 AND h.program_id = $2 AND h.household_id > $3 AND h.household_id <= $4
), decided AS (
    SELECT household_id,
           payee,
           CASE WHEN verdict IS NOT TRUE THEN 'not_eligible'
                WHEN payee IS NULL THEN 'rejected'
                ELSE 'enrolled' END AS state,
           CASE WHEN NOT active THEN 'LEFT_REGISTRY'
                WHEN verdict IS NULL THEN 'MISSING_DATA'
                WHEN NOT verdict THEN 'RULE_NOT_MET'
                WHEN payee IS NULL THEN 'NO_PAYEE' END AS reason
      FROM judged
), before AS (
    SELECT m.household_id, m.state
      FROM memberships m
     WHERE m.tenant_id = $1 AND m.program_id = $2 AND m.household_id > $3 AND m.household_id <= $4
), changed AS (
    INSERT INTO memberships AS m
           (tenant_id, program_id, household_id, state, reason, payee, run_id, created_at, updated_at)
    SELECT $1, $2, household_id, state, reason, payee, $6, $9, $9 FROM decided
        ON CONFLICT (tenant_id, program_id, household_id) DO UPDATE
       SET state = excluded.state, reason = excluded.reason, payee = excluded.payee,
           run_id = excluded.run_id, updated_at = excluded.updated_at
     WHERE m.state IN ('enrolled', 'not_eligible', 'rejected')
       AND (m.state, m.reason, m.payee) IS DISTINCT FROM (excluded.state, excluded.reason, excluded.payee)
    RETURNING m.household_id, m.state, m.reason, m.payee
), history AS (
    INSERT INTO membership_history
           (tenant_id, program_id, household_id, from_state, to_state, reason, payee, run_id, rule_version, actor, at)
    SELECT $1, $2, c.household_id, b.state, c.state, c.reason, c.payee, $6, $7, $8, $9
      FROM changed c LEFT JOIN before b USING (household_id)
)
SELECT count(*) FROM changed
