-- The bank's side of it.
INSERT INTO accounts (account_number, currency, kind)
VALUES ('SP-1', 'KES', 'sponsor'), ('cash:KES', 'KES', 'clearing'), ('returns:KES', 'KES', 'clearing'),
       ('ACC-paid', 'KES', 'beneficiary'), ('ACC-back', 'KES', 'beneficiary'), ('ACC-again', 'KES', 'beneficiary'),
       ('ACC-taken', 'KES', 'beneficiary');

CREATE FUNCTION pg_temp.move(kind text, reference text, debit text, credit text, amount bigint) RETURNS void AS $$
    WITH entry AS (
        INSERT INTO journal_entries (kind, reference, currency, booked_at) VALUES (kind, reference, 'KES', now())
        RETURNING entry_id
    ) INSERT INTO legs (entry_id, account_number, amount)
      SELECT entry_id, account, sum FROM entry, (VALUES (debit, -amount), (credit, amount)) AS v (account, sum)
$$ LANGUAGE sql;

SELECT pg_temp.move('deposit', 'd', 'cash:KES', 'SP-1', 100000);
INSERT INTO blocks (block_reference, reference, account_number, currency, amount, created_by, created_at)
SELECT 'B' || id, id || '/block', 'SP-1', 'KES', amount, 'test', now()
  FROM (VALUES ('F', 3000), ('C', 2000), ('R', 1000)) AS v (id, amount);
UPDATE blocks b SET used = v.used, booked = v.used, released = b.amount - v.used
  FROM (VALUES ('BF', 2000), ('BC', 0), ('BR', 1000)) AS v (id, used) WHERE b.block_reference = v.id;
INSERT INTO block_releases (reference, block_reference, amount, released_by, released_at)
SELECT substr(block_reference, 2) || '/release', block_reference, released, 'test', now() FROM blocks;
INSERT INTO payments (payment_reference_number, batch_id, state, reason, return_reason, account_number, currency, amount,
                      block_reference, payee_kind, payee_id, payee_at, credit_account, narratives, payment_date, received_by,
                      received_at)
SELECT id, gen_random_uuid(), state, reason, back, 'SP-1', 'KES', 1000, block, 'account', 'ACC-' || id, 'EXBK', 'ACC-' || id, '',
       current_date, 'test', now()
  FROM (VALUES ('paid', 'booked', NULL, NULL, 'BF'), ('back', 'reversed', NULL, 'ACCOUNT_CLOSED', 'BF'),
               ('refused', 'rejected', 'CLOSED', NULL, 'BF'), ('again', 'booked', NULL, NULL, 'BR'))
       AS v (id, state, reason, back, block);
SELECT pg_temp.move('payment', 'paid', 'SP-1', 'ACC-paid', 1000);
SELECT pg_temp.move('payment', 'back', 'SP-1', 'returns:KES', 1000);
SELECT pg_temp.move('payment', 'again', 'SP-1', 'ACC-again', 1000);
SELECT pg_temp.move('reversal', 'back', 'returns:KES', 'SP-1', 1000);
INSERT INTO statements (account_number, number, currency, opening_balance, closing_balance, entries, content, created_at,
                        delivered_at)
VALUES ('SP-1', 1, 'KES', 0, 97000, 4, '', now(), now()), ('SP-1', 2, 'KES', 97000, 98000, 1, '', now(), now());
UPDATE legs l SET statement_id = s.statement_id
  FROM journal_entries e, statements s
 WHERE e.entry_id = l.entry_id AND l.account_number = 'SP-1' AND s.number = CASE e.kind WHEN 'reversal' THEN 2 ELSE 1 END;
