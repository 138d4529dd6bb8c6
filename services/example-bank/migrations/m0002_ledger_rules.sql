-- The rules of the ledger, kept by the database whoever writes:
--   1. the legs of an entry sum to zero at every commit;
--   2. the balance of an account is the sum of its legs, and moves with them only;
--   3. what is blocked on an account is the sum of what is left of its blocks;
--   4. legs and entries are never changed or removed, and a leg is reported on one statement;
--   5. a payment keeps what was ordered and goes from accepted to booked to reversed, never back.
-- Each function runs with the schema it was made in, whatever the caller's search path is.

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[1] USING ERRCODE = 'check_violation', CONSTRAINT = TG_ARGV[0];
END $$;

-- Rule 1. A statement whose new legs balance entry by entry, however many there are, costs one aggregate. Entries that
-- a statement leaves open are noted, and a deferred constraint trigger looks at them when the transaction commits.
CREATE TABLE open_entries (
    tenant_id text   NOT NULL,
    entry_id  bigint NOT NULL,
    PRIMARY KEY (tenant_id, entry_id)
);

CREATE FUNCTION entry_is_balanced() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (SELECT sum(amount) FROM legs WHERE tenant_id = NEW.tenant_id AND entry_id = NEW.entry_id) <> 0 THEN
        RAISE EXCEPTION 'the legs of journal entry % do not sum to zero', NEW.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_balanced';
    END IF;
    DELETE FROM open_entries WHERE tenant_id = NEW.tenant_id AND entry_id = NEW.entry_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON open_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION entry_is_balanced();
CREATE TRIGGER open_entries_stay BEFORE UPDATE OR DELETE ON open_entries FOR EACH ROW
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse('ledger_entry_balanced', 'open entries are not to be touched');

-- Rules 1 and 2, for all legs of a statement together. The planner must not be misled by tables that were empty when
-- this session first booked: the new legs are few, so they are looked up by key.
CREATE FUNCTION legs_are_booked() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    moved   bigint;
    changed bigint;
BEGIN
    INSERT INTO open_entries (tenant_id, entry_id)
    SELECT tenant_id, entry_id FROM new_legs GROUP BY tenant_id, entry_id HAVING sum(amount) <> 0
    ON CONFLICT DO NOTHING;

    -- One order of locks for everybody who books: sponsors first, since blocks lock those before any leg is written.
    PERFORM 1 FROM accounts a
      JOIN (SELECT DISTINCT tenant_id, account_number FROM new_legs) n USING (tenant_id, account_number)
     ORDER BY a.kind <> 'sponsor', a.account_number FOR NO KEY UPDATE OF a;

    WITH deltas AS (
        SELECT l.tenant_id, l.account_number, e.currency, sum(l.amount)::bigint AS delta
          FROM new_legs l LEFT JOIN journal_entries e USING (tenant_id, entry_id)
         GROUP BY l.tenant_id, l.account_number, e.currency
    ), booked AS (
        UPDATE accounts a SET book_balance = a.book_balance + d.delta
          FROM deltas d
         WHERE a.tenant_id = d.tenant_id AND a.account_number = d.account_number AND a.currency = d.currency
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM deltas), (SELECT count(*) FROM booked) INTO moved, changed;
    IF moved <> changed THEN
        RAISE EXCEPTION 'a leg names no entry, no account, or an account in another currency'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_leg_has_its_account';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER legs_are_booked AFTER INSERT ON legs
    REFERENCING NEW TABLE AS new_legs FOR EACH STATEMENT EXECUTE FUNCTION legs_are_booked();

CREATE TRIGGER accounts_begin_empty BEFORE INSERT ON accounts FOR EACH ROW
    WHEN (NEW.book_balance <> 0 OR NEW.blocked <> 0)
    EXECUTE FUNCTION refuse('ledger_balance_is_its_legs', 'an account begins empty; book a deposit');
CREATE TRIGGER accounts_move_by_legs BEFORE UPDATE OF book_balance, blocked ON accounts FOR EACH ROW
    WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION refuse('ledger_balance_is_its_legs', 'a balance moves with legs and blocks only');
CREATE TRIGGER accounts_keep_their_key BEFORE UPDATE OF tenant_id, account_number, currency, kind ON accounts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('ledger_accounts_stay', 'number, currency and kind of an account stay');
CREATE TRIGGER accounts_stay BEFORE DELETE OR TRUNCATE ON accounts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('ledger_accounts_stay', 'accounts are closed, not removed');

-- Rule 3.
CREATE FUNCTION block_moves() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    delta bigint := NEW.amount - NEW.booked - NEW.released;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        delta := delta - (OLD.amount - OLD.booked - OLD.released);
    END IF;
    IF delta <> 0 THEN
        UPDATE accounts SET blocked = blocked + delta
         WHERE tenant_id = NEW.tenant_id AND account_number = NEW.account_number AND currency = NEW.currency;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a block names no account, or an account in another currency'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_block_has_its_account';
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER block_moves AFTER INSERT OR UPDATE ON blocks FOR EACH ROW EXECUTE FUNCTION block_moves();
CREATE TRIGGER blocks_keep_their_key BEFORE UPDATE OF tenant_id, block_reference, reference, account_number, currency, amount
    ON blocks FOR EACH STATEMENT EXECUTE FUNCTION refuse('ledger_blocks_stay', 'key, account and amount of a block stay');
CREATE TRIGGER blocks_stay BEFORE DELETE OR TRUNCATE ON blocks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('ledger_blocks_stay', 'blocks are released, not removed');

-- Rule 4.
CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('ledger_entries_stay', 'book a reversal; entries are never changed');
CREATE TRIGGER legs_stay BEFORE UPDATE OF tenant_id, leg_id, entry_id, account_number, amount ON legs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('ledger_entries_stay', 'book a reversal; legs are never changed');
CREATE TRIGGER legs_are_not_removed BEFORE DELETE OR TRUNCATE ON legs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('ledger_entries_stay', 'book a reversal; legs are never removed');
CREATE TRIGGER legs_are_reported_once BEFORE UPDATE OF statement_id ON legs FOR EACH ROW
    WHEN (OLD.statement_id IS NOT NULL)
    EXECUTE FUNCTION refuse('ledger_leg_reported_once', 'the leg stands on a statement already');

-- Rule 5.
CREATE TRIGGER payments_go_forward BEFORE UPDATE OF state ON payments FOR EACH ROW
    WHEN (NOT (OLD.state = 'accepted' AND NEW.state = 'booked' OR OLD.state = 'booked' AND NEW.state = 'reversed'))
    EXECUTE FUNCTION refuse('payments_go_forward', 'a payment goes from accepted to booked to reversed');
CREATE TRIGGER payments_keep_their_order BEFORE UPDATE OF tenant_id, payment_reference_number, account_number, currency,
    amount, block_reference, payee_kind, payee_id, payee_at, credit_account ON payments FOR EACH STATEMENT
    EXECUTE FUNCTION refuse('payments_go_forward', 'what was ordered stays; book a reversal');
CREATE TRIGGER payments_stay BEFORE DELETE OR TRUNCATE ON payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse('payments_go_forward', 'payments are reversed, not removed');
