-- Change control: who changed which address, from what to what, provably. Triggers note every change of
-- id_fa_mappings, whoever makes it: the service, which says who asked, or a script that writes the table itself.

-- One row for each id that was ever mapped or frozen; it stays when the id is unlinked. Writing it puts the changes of
-- an id in one order, however many processes make them.
CREATE TABLE mapping_ids (
    tenant_id text    NOT NULL DEFAULT 'default',
    id_value  text    NOT NULL,
    entries   bigint  NOT NULL,                 -- entries in mapping_history; the newest has this number
    head      bytea   NOT NULL,                 -- hash of the newest
    frozen    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, id_value)
) WITH (fillfactor = 80);
CREATE INDEX mapping_ids_frozen ON mapping_ids (tenant_id, id_value) WHERE frozen;

ALTER TABLE mapping_history RENAME TO mapping_history_before;
ALTER TABLE mapping_history_before DROP CONSTRAINT mapping_history_pkey;
DROP INDEX mapping_history_id;

CREATE TABLE mapping_history (
    tenant_id   text        NOT NULL DEFAULT 'default',
    id_value    text        NOT NULL,
    no          bigint      NOT NULL,           -- 1, 2, 3 … of the id
    seq         bigint      GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME mapping_entries),
    change      text        NOT NULL CHECK (change IN ('linked', 'updated', 'unlinked', 'frozen', 'unfrozen')),
    at          timestamptz NOT NULL,
    channel     text        NOT NULL,           -- partner, own_api, script
    actor       text        NOT NULL,
    approved_by text,
    message_id  text        NOT NULL,
    reason      text,
    before      jsonb,
    after       jsonb,
    hash        bytea       NOT NULL,
    PRIMARY KEY (tenant_id, id_value, no)
);
CREATE UNIQUE INDEX mapping_history_seq ON mapping_history (seq);

-- What an entry says, as it is hashed. `mapping_history.hash` is the digest of the first entry of an id, then
-- sha256(hash of the entry before || digest).
CREATE FUNCTION mapping_digest(tenant_id text, id_value text, change text, at text, channel text, actor text,
                               approved_by text, message_id text, reason text, before jsonb, after jsonb)
    RETURNS bytea LANGUAGE sql STABLE AS
$$ SELECT sha256(convert_to(json_build_array(tenant_id, id_value, change, at, channel, actor, approved_by, message_id,
                                             reason, before, after)::text, 'UTF8')) $$;

CREATE FUNCTION mapping_time(at timestamptz) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

-- One function for each way rows change, all of one text. `spar_mapper.change` says who asks, for this transaction.
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
            CREATE FUNCTION mappings_%1$s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = %2$I, pg_temp AS
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
                held    boolean;
            BEGIN
                WITH changed (tenant_id, id_value, change, before, after) AS MATERIALIZED (%3$s),
                heads AS (
                    INSERT INTO mapping_ids AS m (tenant_id, id_value, entries, head)
                    SELECT tenant_id, id_value, 1,
                           mapping_digest(tenant_id, id_value, change, moment_, way, who, second, message, why, before, after)
                      FROM changed ORDER BY tenant_id, id_value
                    ON CONFLICT (tenant_id, id_value) DO UPDATE
                       SET entries = m.entries + 1, head = sha256(m.head || excluded.head)
                    RETURNING tenant_id, id_value, entries, head, frozen
                ), noted AS (
                    INSERT INTO mapping_history (tenant_id, id_value, no, change, at, channel, actor, approved_by,
                                                 message_id, reason, before, after, hash)
                    SELECT c.tenant_id, c.id_value, h.entries, c.change, moment, way, who, second, message, why,
                           c.before, c.after, h.head
                      FROM changed c JOIN heads h ON h.tenant_id = c.tenant_id AND h.id_value = c.id_value
                )
                SELECT bool_or(frozen) INTO held FROM heads;
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

CREATE TRIGGER mappings_inserted AFTER INSERT ON id_fa_mappings
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mappings_inserted();
CREATE TRIGGER mappings_updated AFTER UPDATE ON id_fa_mappings
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mappings_updated();
CREATE TRIGGER mappings_deleted AFTER DELETE ON id_fa_mappings
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION mappings_deleted();
CREATE TRIGGER mappings_truncated BEFORE TRUNCATE ON id_fa_mappings
    FOR EACH STATEMENT EXECUTE FUNCTION mappings_truncated();

-- What was noted before this version, in its order; then what only scripts wrote.
WITH RECURSIVE numbered AS (
    SELECT *, row_number() OVER (PARTITION BY tenant_id, id_value ORDER BY seq) AS no,
           mapping_digest(tenant_id, id_value, change, mapping_time(at), 'partner', actor, NULL, message_id, NULL,
                          before, after) AS digest
      FROM mapping_history_before
), chained AS (
    SELECT n.*, n.digest AS hash FROM numbered n WHERE no = 1
    UNION ALL
    SELECT n.*, sha256(c.hash || n.digest)
      FROM chained c JOIN numbered n ON n.tenant_id = c.tenant_id AND n.id_value = c.id_value AND n.no = c.no + 1
)
INSERT INTO mapping_history (tenant_id, id_value, no, change, at, channel, actor, message_id, before, after, hash)
SELECT tenant_id, id_value, no, change, at, 'partner', actor, message_id, before, after, hash FROM chained ORDER BY seq;
DROP TABLE mapping_history_before;

INSERT INTO mapping_ids (tenant_id, id_value, entries, head)
SELECT DISTINCT ON (tenant_id, id_value) tenant_id, id_value, no, hash FROM mapping_history
 ORDER BY tenant_id, id_value, no DESC;

WITH unnoted AS (
    SELECT m.tenant_id, m.id_value, m.created_at,
           jsonb_build_object('fa', m.fa_value, 'name', m.name, 'phone', m.phone, 'info', m.additional_info,
                              'active', m.active) AS after
      FROM id_fa_mappings m
     WHERE NOT EXISTS (SELECT FROM mapping_ids i WHERE i.tenant_id = m.tenant_id AND i.id_value = m.id_value)
), heads AS (
    INSERT INTO mapping_ids (tenant_id, id_value, entries, head)
    SELECT tenant_id, id_value, 1, mapping_digest(tenant_id, id_value, 'linked', mapping_time(created_at), 'script',
                                                  'system:migration', NULL, '', NULL, NULL, after)
      FROM unnoted
    RETURNING tenant_id, id_value, head
)
INSERT INTO mapping_history (tenant_id, id_value, no, change, at, channel, actor, message_id, after, hash)
SELECT u.tenant_id, u.id_value, 1, 'linked', u.created_at, 'script', 'system:migration', '', u.after, h.head
  FROM unnoted u JOIN heads h USING (tenant_id, id_value);

-- Signed statements over all entries up to one.
CREATE TABLE mapping_checkpoints (
    no        bigint      PRIMARY KEY,          -- 1, 2, 3 …
    at        timestamptz NOT NULL,
    after_seq bigint      NOT NULL,             -- covers the entries with a seq above this
    last_seq  bigint      NOT NULL,             -- up to this
    entries   bigint      NOT NULL,             -- and so many they are
    root      bytea       NOT NULL,             -- hash over the root before and the entries
    signature text        NOT NULL              -- JWS that carries all of this
);

CREATE FUNCTION history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON mapping_history
    FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON mapping_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only();

-- Changes that wait: for their day, or for a second person.
CREATE TABLE pending_changes (
    tenant_id      text        NOT NULL DEFAULT 'default',
    change_id      uuid        NOT NULL,
    id_value       text        NOT NULL,
    operation      text        NOT NULL CHECK (operation IN ('link', 'update', 'unlink')),
    fa_value       text,
    name           text,
    phone          text,
    reason         text        NOT NULL,
    requested_by   text        NOT NULL,
    requested_at   timestamptz NOT NULL,
    effective_from timestamptz NOT NULL,
    seen_entries   bigint      NOT NULL,        -- mapping_ids.entries when it was asked for
    state          text        NOT NULL CHECK (state IN ('proposed', 'scheduled', 'applied', 'cancelled', 'failed')),
    approved_by    text        CHECK (approved_by <> requested_by),
    closed_by      text,                        -- who cancelled it
    outcome        text,                        -- why it failed
    PRIMARY KEY (tenant_id, change_id)
);
CREATE INDEX pending_changes_due ON pending_changes (effective_from) WHERE state = 'scheduled';
CREATE UNIQUE INDEX pending_changes_one_an_id ON pending_changes (tenant_id, id_value)
    WHERE state IN ('proposed', 'scheduled');
