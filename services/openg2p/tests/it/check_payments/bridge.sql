-- Three envelopes at their end: F finished with a payment of each kind of end, C cancelled after the money was blocked,
-- and R with a payment that the bank had not heard of the first time.
INSERT INTO benefit_programs (benefit_program_mnemonic, version, sponsor_bank_code, sponsor_bank_account_number,
                              sponsor_bank_account_currency, id_mapper_resolution_required, time_zone, created_at, created_by)
VALUES ('PROG', 1, 'EXAMPLE_BANK', 'SP-1', 'KES', true, 'UTC', now(), 'test');

INSERT INTO envelopes (envelope_id, natural_key, benefit_program_mnemonic, program_version, cycle_code_mnemonic,
    disbursement_frequency, currency, schedule_date, declared_beneficiaries, declared_count, declared_minor, received_count,
    received_minor, next_seq, state, state_since, eligible_count, eligible_minor, funds_blocked, block_requested_at,
    block_reference, blocked_minor, released_minor, released_at, created_at, created_by)
SELECT id, id, 'PROG', 1, 'CYCLE', 'Monthly', 'KES', current_date, n, n, n * 1000, n, n * 1000, n, state, now(), eligible,
       eligible * 1000, 'FUNDS_BLOCK_SUCCESS', now(), 'B' || id, blocked, released, now(), now(), 'test'
  FROM (VALUES ('F', 4, 'FINISHED', 3, 3000, 1000), ('C', 2, 'CANCELLED', 2, NULL, 2000), ('R', 1, 'FINISHED', 1, 1000, 0))
       AS v (id, n, state, eligible, blocked, released);

INSERT INTO disbursements (disbursement_id, envelope_id, seq, batch_control_id, beneficiary_id, amount_minor, narrative, state,
                           reason, received_at, updated_at)
SELECT id, envelope, seq, CASE WHEN envelope = 'F' THEN 'CALL' END, 'payee of ' || id, 1000, 'Food', state, reason,
       now() - interval '1 hour', now() - interval '1 hour'
  FROM (VALUES ('paid', 'F', 0, 'PAID', NULL), ('back', 'F', 1, 'REVERSED', 'ACCOUNT_CLOSED'),
               ('nowhere', 'F', 2, 'REJECTED', 'NO_FINANCIAL_ADDRESS'), ('refused', 'F', 3, 'REJECTED', 'BANK_REJECTED'),
               ('taken', 'C', 0, 'CANCELLED', NULL), ('taken2', 'C', 1, 'CANCELLED', NULL), ('again', 'R', 0, 'PAID', NULL))
       AS v (id, envelope, seq, state, reason);
INSERT INTO envelope_tally (envelope_id, state, count, amount_minor)
SELECT envelope_id, state, count(*), sum(amount_minor) FROM disbursements GROUP BY 1, 2;
INSERT INTO receive_batches (batch_control_id, envelope_id, count, amount_minor, received_at) VALUES ('CALL', 'F', 4, 4000, now());
INSERT INTO payees (disbursement_id, fa_type, account_number, bank_code, resolved_at)
SELECT disbursement_id, 'BANK_ACCOUNT', 'ACC-' || disbursement_id, 'EXBK', now() FROM disbursements
 WHERE disbursement_id <> 'nowhere';

INSERT INTO payment_batches (batch_id, envelope_id, batch_no, first_seq, last_seq, count, amount_minor, state, created_at,
                             updated_at)
VALUES (gen_random_uuid(), 'F', 1, 0, 3, 3, 3000, 'DONE', now(), now()), (gen_random_uuid(), 'R', 1, 0, 0, 1, 1000, 'DONE', now(), now());
INSERT INTO payment_attempts (disbursement_id, attempt_no, payment_key, envelope_id, batch_id, amount_minor, state, sent_at)
SELECT v.id, v.no, v.id, b.envelope_id, b.batch_id, 1000, v.state, now()
  FROM (VALUES ('paid', 'F', 1, 'ACCEPTED'), ('back', 'F', 1, 'ACCEPTED'), ('refused', 'F', 1, 'REJECTED'),
               ('again', 'R', 1, 'NOT_FOUND'), ('again', 'R', 2, 'ACCEPTED')) AS v (id, envelope, no, state)
  JOIN payment_batches b ON b.envelope_id = v.envelope;

INSERT INTO state_changes (subject, at, actor, action, before, after)
SELECT subject, now(), 'test', 'step', CASE WHEN n > 1 THEN states[n - 1] END, states[n]
  FROM (VALUES ('paid', '{RECEIVED,RESOLVED,SENDING,ACCEPTED,PAID}'::text[]),
               ('back', '{RECEIVED,RESOLVED,SENDING,ACCEPTED,PAID,REVERSED}'), ('nowhere', '{RECEIVED,REJECTED}'),
               ('refused', '{RECEIVED,RESOLVED,SENDING,REJECTED}'), ('taken', '{RECEIVED,RESOLVED,CANCELLED}'),
               ('taken2', '{RECEIVED,RESOLVED,CANCELLED}'),
               ('again', '{RECEIVED,RESOLVED,SENDING,UNKNOWN,SENDING,ACCEPTED,PAID}'),
               ('envelope/F', '{RECEIVING,SCHEDULED,RESOLVING,FUNDING,PAYING,RELEASING,FINISHED}'),
               ('envelope/R', '{RECEIVING,SCHEDULED,RESOLVING,FUNDING,PAYING,RELEASING,FINISHED}'),
               ('envelope/C', '{RECEIVING,SCHEDULED,RESOLVING,FUNDING,CANCELLED}')) AS v (subject, states),
       generate_subscripts(states, 1) AS n
 ORDER BY subject, n;

INSERT INTO statement_files (content_sha256, file_id, content, state, uploaded_by, uploaded_at)
SELECT 'hash ' || n, gen_random_uuid(), '', 'PROCESSED', 'bank', now() FROM generate_series(1, 2) AS n;
INSERT INTO statements (statement_id, file_id, position, account_number, statement_number, sequence_number, currency,
                        opening_minor, closing_minor, statement_date, lines, new_lines, state, created_at)
SELECT gen_random_uuid(), f.file_id, 1, 'SP-1', v.n, '1', 'KES', opening, closing, current_date, lines, lines, 'PROCESSED', now()
  FROM (VALUES ('1', 0, 97000, 4), ('2', 97000, 98000, 1)) AS v (n, opening, closing, lines)
  JOIN statement_files f ON f.content_sha256 = 'hash ' || v.n;
INSERT INTO statement_lines (line_key, statement_id, entry_no, mark, amount_minor, currency, payment_ref, outcome, created_at)
SELECT 'line ' || entry, s.statement_id, entry, mark, amount, 'KES', ref, outcome, now()
  FROM (VALUES ('1', 1, 'C', 100000, NULL, 'IGNORED'), ('1', 2, 'D', 1000, 'paid', 'BOOKED'),
               ('1', 3, 'D', 1000, 'back', 'BOOKED'), ('1', 4, 'D', 1000, 'again', 'BOOKED'),
               ('2', 5, 'RD', 1000, 'back', 'REVERSED')) AS v (n, entry, mark, amount, ref, outcome)
  JOIN statements s ON s.statement_number = v.n;
