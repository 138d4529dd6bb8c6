-- The DFSP directory: banks, their branches and providers of wallets. The columns of 2.x are those of deployed mappers;
-- ids are unique over the three tables, because the levels of 1.x have one space of ids for all of them.
CREATE SEQUENCE directory_ids START 1000;

-- What people and systems search by: no accents, no case, one space before each word.
CREATE FUNCTION directory_words(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT ' ' || btrim(regexp_replace(lower(regexp_replace(normalize(value, NFKD), '[\u0300-\u036f]', '', 'g')),
                                      '[\s.,''’/()&_-]+', ' ', 'g')) $$;

CREATE TABLE banks (
    tenant_id      text        NOT NULL DEFAULT 'default',
    id             bigint      NOT NULL DEFAULT nextval('directory_ids'),
    bank_mnemonic  text        NOT NULL,
    bank_name      text        NOT NULL,
    bank_code      text        NOT NULL,
    country        text        NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'),   -- ISO 3166, empty: not said
    account_format text        NOT NULL DEFAULT 'any' CHECK (account_format IN ('any', 'iban', 'regex')),
    account_regex  text,                                                                -- with account_format regex
    strategy_id    bigint,                                                              -- that clients are to write with
    active         boolean     NOT NULL DEFAULT true,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz,
    words          text        NOT NULL GENERATED ALWAYS AS (directory_words(bank_name || ' ' || bank_code)) STORED,
    CHECK ((account_format = 'regex') = (account_regex IS NOT NULL)),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT banks_code UNIQUE (tenant_id, bank_code),
    CONSTRAINT banks_mnemonic UNIQUE (tenant_id, bank_mnemonic)
);
CREATE INDEX banks_words ON banks (tenant_id, words, id);

CREATE TABLE branches (
    tenant_id       text        NOT NULL DEFAULT 'default',
    id              bigint      NOT NULL DEFAULT nextval('directory_ids'),
    branch_mnemonic text        NOT NULL,
    branch_name     text        NOT NULL,
    branch_code     text        NOT NULL,
    bank_id         bigint      NOT NULL,
    active          boolean     NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz,
    words           text        NOT NULL GENERATED ALWAYS AS (directory_words(branch_name || ' ' || branch_code)) STORED,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, bank_id) REFERENCES banks (tenant_id, id),
    CONSTRAINT branches_code UNIQUE (tenant_id, bank_id, branch_code),
    CONSTRAINT branches_mnemonic UNIQUE (tenant_id, branch_mnemonic)
);
CREATE INDEX branches_words ON branches (tenant_id, bank_id, words, id);
CREATE INDEX branches_all_words ON branches (tenant_id, words, id);

CREATE TABLE wallet_service_providers (
    tenant_id   text        NOT NULL DEFAULT 'default',
    id          bigint      NOT NULL DEFAULT nextval('directory_ids'),
    sp_mnemonic text        NOT NULL,
    sp_name     text        NOT NULL,
    sp_code     text        NOT NULL,
    wallet_type text        NOT NULL CHECK (wallet_type IN ('MOBILE_WALLET', 'EMAIL_WALLET')),
    country     text        NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'),
    strategy_id bigint,
    active      boolean     NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz,
    words       text        NOT NULL GENERATED ALWAYS AS (directory_words(sp_name || ' ' || sp_code)) STORED,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT wallets_code UNIQUE (tenant_id, wallet_type, sp_code),
    CONSTRAINT wallets_mnemonic UNIQUE (tenant_id, sp_mnemonic)
);
CREATE INDEX wallets_words ON wallet_service_providers (tenant_id, words, id);

-- The steps in which a person names an account. A tenant's own row takes the place of the one of everybody ('default').
CREATE TABLE dfsp_levels (
    tenant_id        text        NOT NULL DEFAULT 'default',
    id               bigint      NOT NULL CHECK (id < 1000),
    name             text        NOT NULL,
    level_type       text        NOT NULL,
    input_type       text        NOT NULL CHECK (input_type IN ('input', 'select')),
    parent           bigint      NOT NULL DEFAULT 0,
    validation_regex text,
    active           boolean     NOT NULL DEFAULT true,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz,
    PRIMARY KEY (tenant_id, id)
);
INSERT INTO dfsp_levels (id, name, level_type, input_type, parent, validation_regex) VALUES
    (1, 'Bank', 'bank', 'select', 0, NULL),
    (2, 'Branch', 'branch', 'select', 1, NULL),
    (3, 'Account Number', 'account', 'input', 2, '^[0-9]{9,18}$'),
    (4, 'Mobile Wallet Provider', 'mobile_wallet_provider', 'select', 0, NULL),
    (5, 'Mobile Number', 'mobile_number', 'input', 4, '^([0-9]{10}|\+[0-9]{8,15})$'),
    (6, 'Email Wallet Provider', 'email_wallet_provider', 'select', 0, NULL),
    (7, 'Email Address', 'email_address', 'input', 6, '^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,63}$');

-- What was changed in the directory, and by whom: also by scripts that write the tables themselves.
CREATE TABLE directory_history (
    tenant_id text        NOT NULL,
    seq       bigint      GENERATED ALWAYS AS IDENTITY,
    kind      text        NOT NULL,
    entry_id  bigint      NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor     text        NOT NULL,
    before    jsonb,
    after     jsonb,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX directory_history_entry ON directory_history (tenant_id, kind, entry_id, seq);

DO $make$
BEGIN
    EXECUTE format($function$
        CREATE FUNCTION note_directory() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS
        $body$
        DECLARE
            old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - 'words' - 'updated_at' END;
            new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - 'words' - 'updated_at' END;
            one     jsonb := coalesce(new_row, old_row);
        BEGIN
            IF old_row IS DISTINCT FROM new_row THEN
                INSERT INTO directory_history (tenant_id, kind, entry_id, actor, before, after)
                VALUES (one->>'tenant_id', TG_TABLE_NAME, (one->>'id')::bigint,
                        coalesce(NULLIF(current_setting('spar_mapper.directory_actor', true), ''), 'script:' || session_user),
                        old_row, new_row);
            END IF;
            RETURN NULL;
        END
        $body$ $function$, current_schema());
END
$make$;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON banks FOR EACH ROW EXECUTE FUNCTION note_directory();
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON branches FOR EACH ROW EXECUTE FUNCTION note_directory();
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON wallet_service_providers
    FOR EACH ROW EXECUTE FUNCTION note_directory();
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON dfsp_levels FOR EACH ROW EXECUTE FUNCTION note_directory();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON directory_history
    FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only();
