-- Moves payments from the state the caller saw to the next one; whoever is no longer in that state is left out. The
-- history and the tally are written by the same statement. Rows are locked in the order of their ids, so that two
-- callers with common rows wait for each other instead of dying.
--
-- LATERAL with LIMIT 1 and the row's own address make this one index look-up a payment whatever the planner believes
-- about a table that has just been filled and never analysed. The tenant was looked at with the lock: beside the address the
-- planner would read all rows of the tenant, which it takes for a few. The array, whose length it does not know, keeps it
-- from reading the whole table where that looks cheaper.
WITH locked AS MATERIALIZED (
    SELECT d.row, d.disbursement_id, i.before, i.after, i.reason
      FROM (SELECT * FROM UNNEST($2::text[], $3::text[], $4::text[], $5::text[])
                            AS n(disbursement_id, before, after, reason) ORDER BY 1) AS i
     CROSS JOIN LATERAL (
            SELECT d.ctid AS row, d.disbursement_id FROM disbursements AS d
             WHERE d.tenant_id = $1 AND d.disbursement_id = i.disbursement_id AND d.state = i.before
             LIMIT 1 FOR NO KEY UPDATE) AS d
), changed AS (
    UPDATE disbursements AS d
       SET state = l.after, reason = l.reason, updated_at = $6
      FROM locked AS l
     WHERE d.ctid = l.row AND d.ctid = ANY(ARRAY(SELECT row FROM locked))
       AND d.disbursement_id = l.disbursement_id AND d.state = l.before
    RETURNING d.disbursement_id, d.envelope_id, d.amount_minor, l.before, l.after, l.reason
), history AS (
    INSERT INTO state_changes (tenant_id, subject, at, actor, action, before, after, reason)
    SELECT $1, disbursement_id, $6, $7, $8, before, after, reason FROM changed
), tally AS (
    INSERT INTO envelope_tally (tenant_id, envelope_id, state, count, amount_minor)
    SELECT $1, envelope_id, before, -count(*), -sum(amount_minor) FROM changed GROUP BY envelope_id, before
    UNION ALL
    SELECT $1, envelope_id, after, count(*), sum(amount_minor) FROM changed GROUP BY envelope_id, after
)
SELECT disbursement_id, envelope_id, before, after, reason FROM changed
