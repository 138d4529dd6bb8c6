SELECT r.batch_control_id AS id, format('the call brought %s payments of %s by its own row, %s of %s by the payments',
                                        r.count, r.amount_minor, coalesce(d.count, 0), coalesce(d.minor, 0)) AS what
  FROM receive_batches r
  LEFT JOIN (SELECT tenant_id, batch_control_id, count(*) AS count, sum(amount_minor) AS minor
               FROM disbursements WHERE batch_control_id IS NOT NULL GROUP BY 1, 2) d USING (tenant_id, batch_control_id)
 WHERE r.count <> coalesce(d.count, 0) OR r.amount_minor <> coalesce(d.minor, 0)
UNION ALL
SELECT d.batch_control_id, 'payments came under this id of a call, and the call is not there'
  FROM (SELECT DISTINCT tenant_id, batch_control_id FROM disbursements WHERE batch_control_id IS NOT NULL) d
 WHERE NOT EXISTS (SELECT FROM receive_batches r WHERE r.tenant_id = d.tenant_id AND r.batch_control_id = d.batch_control_id)
UNION ALL
SELECT min(envelope_id), format('%s envelopes stand for the same order %s', count(*), natural_key)
  FROM envelopes WHERE state <> 'CANCELLED' GROUP BY tenant_id, natural_key HAVING count(*) > 1
UNION ALL
SELECT reference_id, format('%s payments stand for the same reference of %s', count(*), sender)
  FROM disburse_orders WHERE disbursement_id IS NOT NULL
 GROUP BY tenant_id, sender, reference_id HAVING count(*) > 1
UNION ALL
SELECT subject, format('it was taken in %s times', count(*))
  FROM state_changes WHERE action IN ('receive', 'create') GROUP BY tenant_id, subject HAVING count(*) > 1
