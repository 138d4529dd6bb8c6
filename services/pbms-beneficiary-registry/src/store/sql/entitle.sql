-- $1 tenant, $2 programme, $3 cycle, $4 after, $5 up to, $6 day of ages, $7 benefit, $8 base, $9 units; then the rules'; last the cap.
-- Results of one step are never joined with those of another: the planner knows nothing of their sizes.
WITH counted AS MATERIALIZED (
    SELECT e.household_id, e.payee/*COUNTS*/
      FROM memberships e
      JOIN households h ON h.tenant_id = e.tenant_id AND h.program_id = e.program_id AND h.household_id = e.household_id
     WHERE e.tenant_id = $1 AND e.program_id = $2 AND e.state = 'enrolled' AND h.active
       AND e.household_id > $4 AND e.household_id <= $5
), lines AS MATERIALIZED (
    SELECT c.household_id, c.payee, l.line, l.kind, l.quantity, l.unit_minor,
           (sum(l.quantity * l.unit_minor) OVER (PARTITION BY c.household_id))::bigint AS gross
      FROM counted c CROSS JOIN LATERAL (VALUES /*LINES*/) AS l (line, kind, quantity, unit_minor)
     WHERE l.quantity > 0 AND l.unit_minor <> 0
), written AS (
    INSERT INTO entitlements (tenant_id, cycle_id, household_id, benefit_code, payee, amount_minor)
    SELECT $1, $3, household_id, $7, payee, least(gross, /*CAP*/)
      FROM lines GROUP BY household_id, payee, gross HAVING least(gross, /*CAP*/) > 0
    RETURNING household_id
), detail AS (
    INSERT INTO entitlement_lines (tenant_id, cycle_id, household_id, benefit_code, line, kind, quantity, unit_minor)
    SELECT $1, $3, household_id, $7, line, kind, quantity, unit_minor FROM lines WHERE least(gross, /*CAP*/) > 0
     UNION ALL
    SELECT $1, $3, household_id, $7, /*CAP_LINE*/, 'cap', 1, /*CAP*/ - gross
      FROM lines WHERE gross > /*CAP*/ AND /*CAP*/ > 0 GROUP BY household_id, gross
)
SELECT count(*) FROM written
