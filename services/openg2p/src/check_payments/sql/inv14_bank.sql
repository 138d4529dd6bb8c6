-- $1: envelopes released later than this are on their way.
SELECT e.envelope_id AS id, format('it is %s and released, and %s of its block are still set aside', e.state,
                                   k.amount - k.used - k.released) AS what
  FROM envelopes e
  JOIN check_bank_blocks k ON k.id = e.block_reference OR k.key = e.envelope_id || '/block'
 WHERE e.state IN ('FINISHED', 'CANCELLED', 'EXPIRED') AND e.released_at < $1 AND k.amount - k.used - k.released > 0
