-- $1: payments that changed later than this are on their way; the bank's books were read a moment before the bridge's.
SELECT d.disbursement_id AS id,
       format('it stands in %s, and the bank has it in state %s', d.state, coalesce(b.state, 'unknown there')) AS what
  FROM disbursements d
  LEFT JOIN check_bank_payments b ON b.id = d.disbursement_id
 WHERE d.updated_at < $1
   AND CASE d.state WHEN 'ACCEPTED' THEN coalesce(b.state, '') NOT IN ('accepted', 'booked', 'reversed')
                    WHEN 'PAID' THEN coalesce(b.state, '') NOT IN ('booked', 'reversed')
                    WHEN 'REVERSED' THEN coalesce(b.state, '') <> 'reversed'
                    WHEN 'REJECTED' THEN coalesce(b.state, 'rejected') <> 'rejected'
                    ELSE false END
