-- $1 tenant, $2 programme, $3 after, $4 up to, $5 day of ages, $6 run, $7 rule version, $8 actor, $9 now; then the rule's.
-- Only a sure yes makes eligible. A membership that somebody paused or ended is left alone. Results of one step are never
-- joined with those of another: the planner knows nothing of their sizes.
WITH judged AS (
    SELECT h.household_id,
           h.active,
           CASE WHEN h.active THEN (/*RULE*/) END AS verdict,
           (SELECT min(p.member_id) FROM members p
             WHERE p.tenant_id = h.tenant_id AND p.program_id = h.program_id AND p.household_id = h.household_id
               AND p.active AND 'Head' = ANY (p.kinds)) AS payee,
           s.state AS from_state, s.reason AS from_reason, s.payee AS from_payee
      FROM households h
      LEFT JOIN memberships s
             ON s.tenant_id = h.tenant_id AND s.program_id = h.program_id AND s.household_id = h.household_id
     WHERE h.tenant_id = $1 AND h.program_id = $2 AND h.household_id > $3 AND h.household_id <= $4
), decided AS (
    SELECT household_id, payee, from_state, from_reason, from_payee,
           CASE WHEN verdict IS NOT TRUE THEN 'not_eligible'
                WHEN payee IS NULL THEN 'rejected'
                ELSE 'enrolled' END AS state,
           CASE WHEN NOT active THEN 'LEFT_REGISTRY'
                WHEN verdict IS NULL THEN 'MISSING_DATA'
                WHEN NOT verdict THEN 'RULE_NOT_MET'
                WHEN payee IS NULL THEN 'NO_PAYEE' END AS reason
      FROM judged
), different AS MATERIALIZED (
    SELECT household_id, payee, from_state, state, reason
      FROM decided
     WHERE from_state IS NULL
        OR (from_state IN ('enrolled', 'not_eligible', 'rejected')
            AND (state, reason, payee) IS DISTINCT FROM (from_state, from_reason, from_payee))
), changed AS (
    INSERT INTO memberships AS m
           (tenant_id, program_id, household_id, state, reason, payee, run_id, created_at, updated_at)
    SELECT $1, $2, household_id, state, reason, payee, $6, $9, $9 FROM different
        ON CONFLICT (tenant_id, program_id, household_id) DO UPDATE
       SET state = excluded.state, reason = excluded.reason, payee = excluded.payee,
           run_id = excluded.run_id, updated_at = excluded.updated_at
     WHERE m.state IN ('enrolled', 'not_eligible', 'rejected')
), history AS (
    INSERT INTO membership_history
           (tenant_id, program_id, household_id, from_state, to_state, reason, payee, run_id, rule_version, actor, at)
    SELECT $1, $2, household_id, from_state, state, reason, payee, $6, $7, $8, $9 FROM different
)
SELECT count(*) FROM different
