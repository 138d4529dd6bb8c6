SELECT d.disbursement_id AS id, format('it stands in %s, and the bank will take it further: %s', d.state, b.state) AS what
  FROM disbursements d
  JOIN check_bank_payments b ON b.id = d.disbursement_id
 WHERE d.state = 'PAID' AND (b.state <> 'booked' OR b.goes_back)
