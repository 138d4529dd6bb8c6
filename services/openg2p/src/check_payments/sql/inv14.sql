-- $1: whether nothing is to be under way any more. Then a block that was asked for is given back.
SELECT e.envelope_id AS id, format('it is %s, and its block was never given back', e.state) AS what
  FROM envelopes e
 WHERE e.released_at IS NULL
   AND (e.state = 'FINISHED' AND e.blocked_minor > 0
        OR $1 AND e.state IN ('CANCELLED', 'EXPIRED') AND e.block_requested_at IS NOT NULL)
