-- Addresses, names and phones are kept sealed (`enc:…`) where the service is configured so. Scripts go on writing plain
-- rows: the service seals them within a minute, and reads both meanwhile.
ALTER TABLE id_fa_mappings ADD COLUMN fa_index text COLLATE "C";

-- Plain rows by their address; with sealing on, this is the list of rows that wait to be sealed.
DROP INDEX id_fa_mappings_fa_value;
CREATE INDEX id_fa_mappings_fa_value ON id_fa_mappings (tenant_id, fa_value)
    WHERE left(fa_value, 4) <> 'enc:' OR left(name, 4) <> 'enc:' OR left(phone, 4) <> 'enc:';
-- Sealed rows by the blind index of their address. (A script that writes `fa_value` leaves an old index behind: who
-- finds a row by it compares the address.)
CREATE INDEX id_fa_mappings_fa_index ON id_fa_mappings (tenant_id, fa_index) WHERE fa_index IS NOT NULL;

-- Has a row once the service sealed anything.
CREATE TABLE mapping_sealing (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    seals boolean NOT NULL,                     -- whether it does now
    probe text    NOT NULL,                     -- a known text, sealed: who cannot open it has another secret
    index text    NOT NULL                      -- the blind index of that text
);

-- An entry of the history is never changed, so it cannot be sealed later. Of a plain row it therefore holds only a
-- commitment, sha256(salt || state); salt and state wait here to be sealed …
CREATE TABLE mapping_history_plain (
    tenant_id text   NOT NULL DEFAULT 'default',
    id_value  text   NOT NULL,
    no        bigint NOT NULL,
    salt      uuid   NOT NULL,
    before    text,
    after     text,
    PRIMARY KEY (tenant_id, id_value, no)
);
-- … and are kept here then.
CREATE TABLE mapping_history_sealed (
    tenant_id text   NOT NULL DEFAULT 'default',
    id_value  text   NOT NULL,
    no        bigint NOT NULL,
    sealed    text   NOT NULL,
    PRIMARY KEY (tenant_id, id_value, no)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON mapping_history_sealed
    FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only();

CREATE FUNCTION mapping_is_plain(state jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT COALESCE(left(state->>'fa', 4) <> 'enc:', false) OR COALESCE(left(state->>'name', 4) <> 'enc:', false)
       OR COALESCE(left(state->>'phone', 4) <> 'enc:', false) $$;

CREATE FUNCTION mapping_commitment(salt uuid, state jsonb) RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN state IS NOT NULL THEN jsonb_build_object('commitment',
       encode(sha256(convert_to(salt::text || state::text, 'UTF8')), 'hex')) END $$;

-- As in m0004 and m0010, with commitments in the place of plain states, and without an entry for what only seals.
DO $make$
DECLARE
    state  text := 'jsonb_build_object(''fa'', %1$s.fa_value, ''name'', %1$s.name, ''phone'', %1$s.phone,
                                       ''info'', %1$s.additional_info, ''active'', %1$s.active)';
    new    text := format(state, 'n');
    old    text := format(state, 'o');
    source record;
BEGIN
    FOR source IN SELECT * FROM (VALUES
        ('inserted',  format('SELECT tenant_id, id_value, ''linked'', NULL::jsonb, %s FROM new_rows n', new)),
        ('deleted',   format('SELECT tenant_id, id_value, ''unlinked'', %s, NULL::jsonb FROM old_rows o', old)),
        ('truncated', format('SELECT tenant_id, id_value, ''unlinked'', %s, NULL::jsonb FROM id_fa_mappings o', old)),
        ('updated',   format('SELECT tenant_id, id_value,
                                     CASE WHEN o.fa_value IS NULL THEN ''linked'' WHEN n.fa_value IS NULL THEN ''unlinked''
                                          ELSE ''updated'' END,
                                     CASE WHEN o.fa_value IS NOT NULL THEN %s END,
                                     CASE WHEN n.fa_value IS NOT NULL THEN %s END
                                FROM new_rows n FULL JOIN old_rows o USING (tenant_id, id_value)', old, new))
        ) AS t (name, rows)
    LOOP
        EXECUTE format($function$
            CREATE OR REPLACE FUNCTION mappings_%1$s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = %2$I, pg_temp SET enable_nestloop = off AS
            $body$
            DECLARE
                given   jsonb := NULLIF(current_setting('spar_mapper.change', true), '')::jsonb;
                moment  timestamptz := coalesce((given->>'at')::timestamptz, clock_timestamp());
                moment_ text := mapping_time(moment);
                way     text := coalesce(given->>'channel', 'script');
                who     text := coalesce(given->>'actor', 'script:' || session_user);
                second  text := given->>'approved_by';
                message text := coalesce(given->>'message_id', '');
                why     text := given->>'reason';
                seals   boolean := coalesce((SELECT s.seals FROM mapping_sealing s), false);
                held    boolean;
                copied  boolean;
            BEGIN
                -- What is sealed stays the same; a check of the history opens it and would see if it did not.
                IF way = 'sealing' AND TG_OP = 'UPDATE' THEN
                    RETURN NULL;
                END IF;
                WITH rows (tenant_id, id_value, change, before, after) AS MATERIALIZED (%3$s),
                changed AS MATERIALIZED (
                    SELECT r.*, CASE WHEN seals AND (mapping_is_plain(before) OR mapping_is_plain(after))
                                     THEN gen_random_uuid() END AS salt
                      FROM rows r
                ), said AS MATERIALIZED (
                    SELECT tenant_id, id_value, change,
                           CASE WHEN salt IS NULL THEN before ELSE mapping_commitment(salt, before) END AS before,
                           CASE WHEN salt IS NULL THEN after ELSE mapping_commitment(salt, after) END AS after
                      FROM changed
                ), heads AS (
                    INSERT INTO mapping_ids AS m (tenant_id, id_value, entries, head)
                    SELECT tenant_id, id_value, 1,
                           mapping_digest(tenant_id, id_value, change, moment_, way, who, second, message, why, before, after)
                      FROM said ORDER BY tenant_id, id_value
                    ON CONFLICT (tenant_id, id_value) DO UPDATE
                       SET entries = m.entries + 1, head = sha256(m.head || excluded.head)
                    RETURNING tenant_id, id_value, entries, head, frozen
                ), noted AS (
                    INSERT INTO mapping_history (tenant_id, id_value, no, change, at, channel, actor, approved_by,
                                                 message_id, reason, before, after, hash)
                    SELECT c.tenant_id, c.id_value, h.entries, c.change, moment, way, who, second, message, why,
                           c.before, c.after, h.head
                      FROM said c JOIN heads h ON h.tenant_id = c.tenant_id AND h.id_value = c.id_value
                ), waiting AS (
                    INSERT INTO mapping_history_plain (tenant_id, id_value, no, salt, before, after)
                    SELECT c.tenant_id, c.id_value, h.entries, c.salt, c.before::text, c.after::text
                      FROM changed c JOIN heads h ON h.tenant_id = c.tenant_id AND h.id_value = c.id_value
                     WHERE c.salt IS NOT NULL
                )
                SELECT (SELECT bool_or(frozen) FROM heads),
                       given IS NULL AND EXISTS (
                           SELECT FROM rows, (VALUES ('fa'), ('name'), ('phone')) AS f (field)
                            WHERE left(after->>field, 4) = 'enc:' AND after->>field IS DISTINCT FROM before->>field)
                  INTO held, copied;
                IF copied THEN
                    RAISE EXCEPTION 'a value that begins with enc: is sealed and opens for its own id only: it cannot be written or copied to another one'
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                IF held THEN
                    RAISE EXCEPTION 'an id among the changed rows is frozen: unfreeze it first, or leave it out'
                        USING ERRCODE = 'serialization_failure';
                END IF;
                RETURN NULL;
            END
            $body$ $function$, source.name, current_schema(), source.rows);
    END LOOP;
END
$make$;
